"""The passphrase of a command: from a file, or typed at the terminal."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace

from config_app.cli.secret_files import read_secret_file
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError

OPTION = "--passphrase-file"


def add_passphrase_option(parser: ArgumentParser) -> None:
    """Add ``--passphrase-file``."""
    text = "a file with the passphrase; - means standard input, and without it the terminal asks"
    parser.add_argument(OPTION, metavar="F", help=text)


def read_passphrase(options: Namespace, *, is_new: bool = False) -> Secret:
    """Return the passphrase; a new one must be typed twice.

    Raise ``ConfigError`` if there is none.
    """
    if options.passphrase_file is not None:
        return Secret(_one_line(read_secret_file(options.passphrase_file, OPTION)))
    if not sys.stdin.isatty():
        raise ConfigError("expected a passphrase, but standard input is not a terminal", fix=f"add {OPTION}")
    passphrase = _typed("Passphrase: ")
    if is_new and _typed("The passphrase again: ") != passphrase:
        raise ConfigError("the two passphrases differ", fix="type the same one twice")
    return passphrase


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        del text  # keeps it out of the traceback's local variables
        raise ConfigError(f"{OPTION}: expected a file with one line")
    return text


def _typed(question: str) -> Secret:
    try:
        found = Secret(getpass.getpass(question))
    except EOFError:
        raise ConfigError("expected a passphrase, but nothing was typed") from None
    if found == Secret(""):
        raise ConfigError("expected a passphrase, but nothing was typed")
    return found
