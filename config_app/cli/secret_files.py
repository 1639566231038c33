"""Reads a command's secrets from a file or standard input, so that no secret is in ``sys.argv``."""

from __future__ import annotations

import sys
from pathlib import Path

from config_app.errors import ConfigError

STANDARD_INPUT = "-"
MAX_BYTES = 64 * 1024


def read_secret_file(name: str, option: str) -> str:
    """Return the text of the file ``name``, without the line break at its end.

    Raise ``ConfigError`` if the file cannot be read, is empty, is too large or is not UTF-8. ``option`` is
    the command-line option that named the file. The error message names this option.
    """
    try:
        content = _read(name)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{option}: expected a file of at most {MAX_BYTES:,} bytes")
        text = content.decode("utf-8-sig")
    except OSError as error:
        fix = "name a file that you can read, or - for standard input"
        raise ConfigError(f"{option}: the file cannot be read: {error.strerror}", fix=fix) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{option}: expected a file of UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigError(f"{option}: expected a secret, but the file is empty")
    return text


def read_secret_line(name: str, option: str) -> str:
    """Return the only line of the file ``name``.

    Raise ``ConfigError`` if the file has more than one line, and in the same cases as ``read_secret_file``.
    """
    text = read_secret_file(name, option)
    if "\n" in text or "\r" in text:
        del text  # keeps the secret out of the traceback's local variables
        raise ConfigError(f"{option}: expected a file with one line")
    return text


def _read(name: str) -> bytes:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MAX_BYTES + 1)
