"""Reads the values for ``config set`` from arguments, from a file or from standard input."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from config_app.cli.verb import WrongCall, find_setting
from config_app.declaration.schema import Setting
from config_app.errors import ConfigError, InvalidValue
from config_app.fields.lists import ListField
from config_app.project import get_schema

MAX_BYTES = 1024 * 1024


def read_values(options: Namespace) -> dict[str, str]:
    """Return a dict that maps each given key to its text.

    Raise ``WrongCall`` if the arguments do not fit together. Raise ``ConfigError`` if a key is given twice
    or if a value cannot be read.
    """
    if options.stdin or options.file is not None:
        return _read_source(options)
    return _unique([*_paired(options), *_positional(options.values)])


def _read_source(options: Namespace) -> dict[str, str]:
    keys = [*options.key, *options.values]
    if len(keys) != 1 or options.value or (options.stdin and options.file is not None):
        raise WrongCall("--stdin or --file: expected one key and no value, as in set KEY --stdin")
    setting = find_setting(keys[0])
    return {setting.key: _from_stdin(setting) if options.stdin else _from_file(setting, options.file)}


def _paired(options: Namespace) -> Iterable[tuple[str, str]]:
    if len(options.key) != len(options.value):
        raise WrongCall("expected one --value for each --key")
    return zip(options.key, options.value, strict=True)


def _positional(arguments: list[str]) -> Iterable[tuple[str, str]]:
    match arguments:
        case [key, value] if "=" not in key:
            return [(key, value)]
    if not all("=" in argument for argument in arguments):
        raise WrongCall(f"expected KEY VALUE or KEY=VALUE, {_what_is_missing(arguments)}")
    return [(key, value) for key, _, value in (argument.partition("=") for argument in arguments)]


def _what_is_missing(arguments: list[str]) -> str:
    """Say why an argument without ``=`` is wrong. Do not repeat the argument, because it may be a secret."""
    place = next(place for place, argument in enumerate(arguments) if "=" not in argument)
    key = arguments[max(place - 1, 0)].partition("=")[0]
    schema = get_schema()
    setting = schema.settings.get(schema.current_key(key))
    if len(arguments) > 1 and setting and isinstance(setting.declaration.field, ListField):
        return f"and commas between the entries of {setting.key}"
    return "but a value is missing"


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if not pairs:
        raise WrongCall("expected KEY VALUE, KEY=VALUE or --key KEY --value VALUE")
    values: dict[str, str] = {}
    for key, value in pairs:
        if key in values:
            raise ConfigError(f"{find_setting(key).key}: given twice", keys=(key,), fix="give one value")
        values[key] = value
    return values


def _from_stdin(setting: Setting) -> str:
    if setting.is_secret and sys.stdin.isatty():
        return _typed(setting)
    buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    return _decoded(setting, buffer.read(MAX_BYTES + 1) if buffer else sys.stdin.read().encode())


def _typed(setting: Setting) -> str:
    """Ask for a secret and return the answer. The terminal does not show what the person types.

    Raise ``ConfigError`` if the input ends without an answer.
    """
    try:
        return getpass.getpass(f"{setting.label}: ")
    except EOFError:
        problem = f"{setting.key}: no secret was entered"
        raise ConfigError(problem, keys=(setting.key,), fix="type the secret, then press Enter") from None


def _from_file(setting: Setting, name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        fix = "check the path given to --file"
        raise ConfigError(f"{setting.key}: the file cannot be read: {error.strerror}", fix=fix) from None
    except ValueError:  # the path contains a NUL byte
        raise WrongCall("--file: expected the path of a file") from None
    return _decoded(setting, content)


def _decoded(setting: Setting, content: bytes) -> str:
    """Return ``content`` as text, without the line break at its end.

    Raise ``InvalidValue`` if ``content`` is too long or is not UTF-8.
    """
    if len(content) > MAX_BYTES:
        raise InvalidValue(setting.key, f"at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValue(setting.key, "UTF-8 text") from None
    # Editors and ``echo`` end a file with a newline that is not part of the value.
    return text.removesuffix("\n").removesuffix("\r")
