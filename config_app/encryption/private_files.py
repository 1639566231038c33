"""Reads and writes files that only their owner can read (mode 0600). A failure leaves no incomplete file."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from config_app.errors import KeyringLocked

PRIVATE_FILE = 0o600
GROUP_OR_WORLD = stat.S_IRWXG | stat.S_IRWXO
LARGEST = 64 * 1024
"""The largest key file, in bytes."""


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


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a file, but at most its first ``most + 1`` bytes. The null device is empty.

    Never wait for another program. Raise ``OSError`` if ``path`` is not a regular file or cannot be read.
    """
    found = path.stat()  # before the opening, because to open a device can already have an effect
    if os.path.samestat(found, os.stat(os.devnull)):  # noqa: PTH116 - samestat compares results of os.stat
        return b""
    _require_regular(path, found)
    # Without O_NONBLOCK, the opening of a named pipe waits for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        _require_regular(path, os.fstat(descriptor))
        return file.read(most + 1)


def _require_regular(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))


def read_private(path: Path) -> bytes:
    """Return the content of a key file.

    Raise ``KeyringLocked`` if the file cannot be read, or if other users can read it too.
    """
    try:
        is_private = not path.stat().st_mode & GROUP_OR_WORLD
        # A refused file is not read, so that no traceback holds its content.
        content = read_regular(path, LARGEST) if is_private else b""
    except OSError as error:
        raise KeyringLocked(
            f"the key file {path} cannot be read: {error.strerror}", "check its owner and permissions"
        ) from None
    if not is_private:
        raise KeyringLocked(f"other users can read the key file {path}", f"run chmod 600 {path}")
    if len(content) > LARGEST:
        raise KeyringLocked(
            f"the key file {path} is larger than {LARGEST:,} bytes", "restore it from a backup"
        )
    return content
