"""Reads and writes files that only their owner can read (mode 0600). A failure leaves no incomplete file."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from config_app.errors import KeyringLocked

PRIVATE_FILE = 0o600
GROUP_OR_WORLD = stat.S_IRWXG | stat.S_IRWXO


@contextlib.contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """Write a temporary 0600 file beside ``path`` and yield the path of this temporary file.

    After the block, delete the temporary file.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_once(path: Path, content: bytes) -> bool:
    """If there is no file at ``path``, write ``content`` to a new file and return ``True``.

    If there is a file already, return ``False``. Raise ``OSError`` if the file cannot be written.
    """
    with _written_beside(path, content) as temporary:
        # A hard link never replaces a file. If several processes try, one succeeds, and none of them
        # ever sees an incomplete file.
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    _sync_directory(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Write ``content`` to the file at ``path``. An existing file is replaced.

    Raise ``OSError`` if the file cannot be written.
    """
    with _written_beside(path, content) as temporary:
        temporary.replace(path)
    _sync_directory(path.parent)


def read_private(path: Path) -> bytes:
    """Return the content of a key file.

    Raise ``KeyringLocked`` if the file cannot be read, or if other users can read it too.
    """
    try:
        is_private = not path.stat().st_mode & GROUP_OR_WORLD
        # A refused file is not read, so that no traceback holds its content.
        content = path.read_bytes() if is_private else b""
    except OSError as error:
        raise KeyringLocked(
            f"the key file {path} cannot be read: {error.strerror}", "check its owner and permissions"
        ) from None
    if not is_private:
        raise KeyringLocked(f"other users can read the key file {path}", f"run chmod 600 {path}")
    return content
