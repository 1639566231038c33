"""The base class of the verbs of ``manage.py config``, and the options that verbs share."""

from __future__ import annotations

import re
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from typing import Any, ClassVar

from config_app.cli.terminal import Terminal
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.schema import Setting
from config_app.errors import ConfigError, ManagedSetting
from config_app.project import get_project, get_schema

LONGEST_WAIT = 30.0
"""If ``--wait`` is given without a number, the command waits at most this number of seconds."""
A_DAY = 86_400.0
"""The largest number of seconds that ``--wait`` and ``--confirm`` accept."""
SHORTEST_DEADLINE = 10.0
"""The smallest number of seconds that ``--confirm`` accepts. A person needs some time to confirm a change."""
UNITS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"([0-9]{1,5})([smh])")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")


class WrongCall(ConfigError):
    """The command was called incorrectly. The exit status is 2, the same as for an error of argparse."""


class Verb:
    """A verb of ``manage.py config``, such as ``set``: its arguments and its action."""

    needs_install: ClassVar[bool] = True
    repeated: ClassVar[str | None] = None
    """The name of the positional argument that takes several values, if the verb has such an argument.

    People can write some of the values before an option and the others after it. argparse alone refuses this.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the verb's arguments to ``parser``."""

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Run the verb. Raise ``ConfigError`` if the verb is refused or fails."""
        raise NotImplementedError


def add_json_option(parser: ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")


def add_process_options(parser: ArgumentParser) -> None:
    """Add the options that all Django commands share, so that people can also write them after the verb.

    If the verb has an option of the same name, keep the verb's option.
    """
    # The help of the command already lists these options, so the help of the verb does not. They have no
    # defaults: a default would replace the value of an option that stands before the verb.
    options: dict[str, dict[str, Any]] = {
        "--settings": {},
        "--pythonpath": {},
        "--verbosity": {"type": int, "choices": range(4)},
        "--traceback": {"action": "store_true"},
        "--no-color": {"action": "store_true"},
        "--force-color": {"action": "store_true"},
    }
    taken = {name for action in parser._actions for name in action.option_strings}  # noqa: SLF001
    for name in options.keys() - taken:
        names = ("-v", name) if name == "--verbosity" else (name,)
        parser.add_argument(*names, **options[name], default=SUPPRESS, help=SUPPRESS)


def add_writing_options(parser: ArgumentParser) -> None:
    """Add the options of verbs that change the configuration: ``--reason``, ``--dry-run`` and ``--json``."""
    parser.add_argument("--reason", type=_text, default="", help="the reason, which the history shows")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, and write nothing")
    add_json_option(parser)


def add_base_option(parser: ArgumentParser) -> None:
    """Add ``--if-revision``, which refuses the change if there is a newer revision."""
    text = "refuse the change unless N is the newest revision"
    parser.add_argument("--if-revision", type=number, metavar="N", help=text)


def add_wait_option(parser: ArgumentParser) -> None:
    """Add ``--wait``, which waits until every running process uses the new revision."""
    text = f"wait at most SECONDS (default: {LONGEST_WAIT:.0f}) until every process uses the new revision"
    options: dict[str, Any] = {"nargs": "?", "const": LONGEST_WAIT, "type": seconds, "metavar": "SECONDS"}
    parser.add_argument("--wait", help=text, **options)


def add_confirm_option(parser: ArgumentParser) -> None:
    """Add ``--confirm``, which reverts the revision unless it is confirmed in time."""
    text = "revert the change unless config confirm is called within TIME, such as 5m"
    parser.add_argument("--confirm", type=duration, metavar="TIME", help=text)


def duration(text: str) -> float:
    """Convert a duration, such as ``5m``, to seconds.

    Raise ``ArgumentTypeError`` unless the duration is between 10 seconds and 24 hours.
    """
    match = _DURATION.fullmatch(text)
    found = int(match[1]) * UNITS[match[2]] if match else 0
    if not SHORTEST_DEADLINE <= found <= A_DAY:
        raise ArgumentTypeError("expected a duration from 10s to 24h, such as 90s, 5m or 1h")
    return float(found)


def seconds(text: str) -> float:
    """Return the number of seconds that ``text`` contains.

    Raise ``ArgumentTypeError`` if ``text`` is not a number or if the number is larger than ``A_DAY``.
    """
    if not _SECONDS.fullmatch(text) or float(text) > A_DAY:
        raise ArgumentTypeError(
            "expected a number of seconds; for the default, write --wait as the last argument"
        )
    return float(text)


def number(text: str) -> int:
    """Convert ``text`` to a whole number. Raise ``ArgumentTypeError`` unless the number is 1 or more."""
    if not _NUMBER.fullmatch(text):
        raise ArgumentTypeError("expected a whole number, 1 or more")
    return int(text)


def number_or_zero(text: str) -> int:
    """Convert ``text`` to a whole number. Raise ``ArgumentTypeError`` unless the number is 0 or more."""
    return 0 if text == "0" else number(text)


def _text(text: str) -> str:
    """Return ``text`` unchanged. Raise ``ArgumentTypeError`` if some databases cannot store the text."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ArgumentTypeError("expected valid text without NUL characters")
    return text


def find_setting(key: str) -> Setting:
    """Return the setting whose current key or former key is ``key``.

    Raise ``UnknownSetting`` if no setting has this key. Raise ``ManagedSetting`` if ``key`` is the key of the
    salt.
    """
    if key == SALT_KEY:
        raise ManagedSetting(key, "every secret depends on the salt, so the salt is never shown")
    schema = get_schema()
    return schema[schema.current_key(key)]


def warn_of_former_keys(keys: Iterable[str], terminal: Terminal) -> None:
    """Print a warning for each of ``keys`` that is a former key of a setting."""
    former = get_schema().former
    for key in dict.fromkeys(keys):
        if key in former:
            terminal.warn(f"{key}: this setting is called {former[key]} now")


def require_install() -> None:
    """Raise ``ConfigError`` if this install was never started. The error says how to start it."""
    lacking = get_project().lacking()
    if lacking is not None:
        raise ConfigError(lacking.message, fix=lacking.fix)
