"""``config get``: print one value, for scripts."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option, find_setting, warn_of_former_keys
from config_app.declaration.schema import Setting
from config_app.errors import ConfigError
from config_app.live.resolution import Resolution, read_with_keyring, read_without_keyring
from config_app.live.snapshot import read_known
from config_app.project import get_schema


class Get(Verb):
    """Prints the current value of one setting, and nothing else."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the key, ``--reveal`` and ``--json``."""
        parser.add_argument("key", metavar="KEY", help="the setting; config show lists all keys")
        parser.add_argument("--reveal", action="store_true", help="print a secret in plain text")
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print the value as the text that ``config set`` accepts, or as JSON."""
        setting = find_setting(options.key)
        warn_of_former_keys([options.key], terminal)
        if setting.is_secret and not options.reveal:
            fix = "add --reveal to print the secret in plain text"
            raise ConfigError(f"{setting.key}: this setting is a secret", fix=fix)
        resolution = _resolve(setting)
        for problem in resolution.problems:
            if setting.key in problem.keys:
                terminal.warn(str(problem))
        value = get_schema().value(resolution.config, setting.key)
        if options.as_json:
            terminal.json(_as_json(setting, resolution, value))
        else:
            terminal.raw(setting.serialise_optional(value))


def _resolve(setting: Setting) -> Resolution[Any]:
    """Return the current values of all settings, and the problems.

    Decrypt the secrets only if ``setting`` is a secret. Raise ``ConfigError`` if ``setting`` cannot be
    decrypted.
    """
    # Only a secret needs the keyring.
    reader = read_with_keyring if setting.is_secret else read_without_keyring
    resolution = read_known(reader).resolution
    if setting.is_secret and setting.key in resolution.refused:
        found = [problem for problem in resolution.problems if setting.key in problem.keys]
        raise ConfigError(found[0].message, keys=(setting.key,), fix=found[0].fix)
    return resolution


def _as_json(setting: Setting, resolution: Resolution[Any], value: Any) -> dict[str, Any]:
    from config_app.presentation.overview import SettingStatus

    is_stored = setting.key in resolution.values
    refused = resolution.refused.get(setting.key)
    entry = SettingStatus(
        setting=setting, value=value, is_stored=is_stored, refused=refused, pins=(), behind=0
    )
    return {"key": setting.key, **entry.as_json(reveal=True)}
