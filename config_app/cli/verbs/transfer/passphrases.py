"""Reads the passphrase for a command from a file or from the terminal."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace

from config_app.cli.secret_files import read_secret_line
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError

OPTION = "--passphrase-file"


def add_passphrase_option(parser: ArgumentParser) -> None:
    """Add ``--passphrase-file``."""
    text = "a file with the passphrase, or - for standard input; without this option, the command asks"
    parser.add_argument(OPTION, metavar="F", help=text)


def read_passphrase(options: Namespace, *, is_new: bool = False) -> Secret:
    """Return the passphrase. With ``is_new``, a person at the terminal must type the passphrase twice.

    Raise ``ConfigError`` if no passphrase is given, or if the two passphrases differ.
    """
    if options.passphrase_file is not None:
        return Secret(read_secret_line(options.passphrase_file, OPTION))
    if not sys.stdin.isatty():
        raise ConfigError("expected a passphrase, but standard input is not a terminal", fix=f"add {OPTION}")
    passphrase = _typed("Passphrase: ")
    if is_new and _typed("The passphrase again: ") != passphrase:
        raise ConfigError("the two passphrases differ", fix="type the same passphrase twice")
    return passphrase


def _typed(question: str) -> Secret:
    try:
        found = Secret(getpass.getpass(question))
    except EOFError:
        raise ConfigError("expected a passphrase, but none was entered") from None
    if found == Secret(""):
        raise ConfigError("expected a passphrase, but none was entered")
    return found
