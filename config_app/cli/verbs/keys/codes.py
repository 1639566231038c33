"""Reads recovery codes and shared keys for a command, and writes or shows new recovery codes."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from config_app.cli.secret_files import read_secret_file
from config_app.cli.terminal import Terminal
from config_app.declaration.secret import Secret
from config_app.encryption import private_files
from config_app.encryption.recovery_codes import NotARecoveryCode, read_code
from config_app.encryption.unlockers import RecoveryUnlocker, SharedUnlocker, Unlocker
from config_app.errors import ConfigError

CODE_FILE = "--code-file"


def add_code_option(parser: ArgumentParser) -> None:
    """Add ``--code-file``."""
    text = "a file with the recovery code or the shared key; - means standard input"
    parser.add_argument(CODE_FILE, metavar="F", help=text)


def read_typed_code() -> Unlocker:
    """Ask for the recovery code at the terminal, and return the unlocker for the code.

    Raise ``ConfigError`` if there is no terminal, or if the person types no valid code.
    """
    if not sys.stdin.isatty():
        fix = f"add {CODE_FILE} F or --stdin"
        raise ConfigError("expected a recovery code, but standard input is not a terminal", fix=fix)
    try:
        return unlocker_for(Secret(getpass.getpass("Recovery code: ")))
    except EOFError:
        raise ConfigError("expected a recovery code, but nothing was typed") from None


def read_code_file(name: str, option: str = CODE_FILE) -> Unlocker:
    """Return the unlocker for the recovery code or the shared key in a file.

    Raise ``ConfigError`` if the file cannot be used, or contains a recovery code with a typing error.
    """
    return unlocker_for(Secret(read_secret_file(name, option)))


def unlocker_for(text: Secret) -> Unlocker:
    """Return the unlocker for a recovery code or a shared key.

    If ``text`` does not look like a recovery code, treat the text as a shared key. Raise
    ``NotARecoveryCode`` if the text is a recovery code with a typing error.
    """
    try:
        return RecoveryUnlocker(read_code(text))
    except NotARecoveryCode as error:
        if not error.looks_like_a_shared_key:
            raise
    return SharedUnlocker(text)


def handed_over(terminal: Terminal, file: str | None, command: str) -> Callable[[Secret], None]:
    """Return a function that writes a recovery code to ``file``, or shows the code on the terminal.

    If ``file`` is ``None`` and standard output is not a terminal, raise ``ConfigError``, because the code
    could get into a pipe or a log. The error tells the person to run ``command``.
    """
    if file is not None:
        return lambda code: _write(Path(file), code)
    if not terminal.is_screen():
        message = "a recovery code is shown only on a terminal, but standard output is not a terminal"
        raise ConfigError(message, fix=f"run {command}")
    return lambda code: terminal.line(f"Recovery code: {code.reveal()}")


def _write(path: Path, code: Secret) -> None:
    """Write the code to a new file with mode 0600; raise ``ConfigError`` if this is not possible."""
    try:
        is_new = private_files.publish_once(path, code.reveal().encode() + b"\n")
    except OSError as error:
        fix = "check the free space, and whether you may write to this folder"
        raise ConfigError(f"{path} cannot be written: {error.strerror}", fix=fix) from None
    if not is_new:
        raise ConfigError(f"{path} exists already", fix="choose another name")
