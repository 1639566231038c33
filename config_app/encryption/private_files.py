"""Private files: 0600, written whole or not at all."""

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
    """Give the name of a synced 0600 file next to ``path``, which is gone afterwards unless it was moved."""
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
    """Create ``path`` with ``content`` unless it exists; tell whether this call created it.

    A hard link refuses to replace, so of several processes exactly one wins and none sees half a file.
    """
    with _written_beside(path, content) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    _sync_directory(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` in place of whatever ``path`` holds."""
    with _written_beside(path, content) as temporary:
        temporary.replace(path)
    _sync_directory(path.parent)


def read_private(path: Path) -> bytes:
    """Return what the file holds; raise ``KeyringLocked`` where others could read it too."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        raise KeyringLocked(
            f"the key file {path} cannot be read: {error.strerror}", "check its owner"
        ) from None
    if mode & GROUP_OR_WORLD:
        raise KeyringLocked(f"others can read the key file {path}", f"run chmod 600 {path}")
    return content
