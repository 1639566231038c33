"""An archive: a compressed file of many JSON lines, with a digest that shows whether the file was altered.

The file has three parts: a line with a name and a version, a zlib stream, and a SHA-256 digest. The digest
covers the first two parts. Writing and reading need little memory, even if the file is long.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from config_app.encryption.private_files import PRIVATE_FILE
from config_app.errors import ConfigError

BLOCK = 256 * 1024
LONGEST_LINE = 64 * 1024 * 1024
DIGEST_BYTES = hashlib.sha256().digest_size


class UnreadableArchive(ConfigError):
    """A file is not an archive of the expected kind, or the file is damaged."""

    def __init__(self, path: Path, why: str, fix: str = "use another copy of the file") -> None:
        super().__init__(f"{path} cannot be read: {why}", fix=fix)
        self.why = why


class Writer:
    """Writes an archive. The file gets its name only when it is complete.

    Use a writer as a context manager. If the block raises an exception, no file is left.
    """

    def __init__(self, path: Path, title: str) -> None:
        """Create a temporary 0600 file beside ``path``. ``title`` is the first line of the archive."""
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._digest, self._compressor = hashlib.sha256(), zlib.compressobj()
        self._put(f"{title}\n".encode())

    def __enter__(self) -> Writer:
        return self

    def write(self, data: Any) -> None:
        """Append ``data`` to the archive as one line of JSON."""
        self._put(self._compressor.compress(json.dumps(data, separators=(",", ":")).encode() + b"\n"))

    def __exit__(self, error: object, *_rest: object) -> None:
        """Finish the file and move it to its path. If the block raised an exception, remove the file."""
        try:
            if error is None:
                self._put(self._compressor.flush())
                self._file.write(self._digest.digest())
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
            if error is not None:
                self._temporary.unlink(missing_ok=True)
        if error is None:
            self._publish()

    def _publish(self) -> None:
        try:
            # A hard link never replaces a file.
            self._path.hardlink_to(self._temporary)
        finally:
            self._temporary.unlink()

    def _put(self, content: bytes) -> None:
        self._digest.update(content)
        self._file.write(content)


def read_lines(path: Path, title: str) -> Iterator[Any]:
    """Check the whole file, then yield the JSON data of each line of the archive.

    Raise ``UnreadableArchive`` if the first line of the file is not ``title``, or if the file is damaged.
    Raise ``OSError`` if the file cannot be read.
    """
    with path.open("rb") as file:
        end = _verified_end(path, file, title)
        file.seek(len(title) + 1)
        buffer = b""
        for part in _decompressed(file, end):
            *lines, buffer = (buffer + part).split(b"\n")
            if len(buffer) > LONGEST_LINE:
                raise UnreadableArchive(path, "a line is too long")
            for line in lines:
                yield json.loads(line)


def _verified_end(path: Path, file: BinaryIO, title: str) -> int:
    """Return the position of the digest in the file.

    Raise ``UnreadableArchive`` if the digest is wrong, or if the first line is not ``title``.
    """
    if file.readline(len(title) + 1) != f"{title}\n".encode():
        raise UnreadableArchive(path, f'expected a file that begins with "{title}"', "check which file it is")
    file.seek(0)
    digest, left = hashlib.sha256(), path.stat().st_size - DIGEST_BYTES
    end = left
    while left > 0 and (block := file.read(min(BLOCK, left))):
        digest.update(block)
        left -= len(block)
    if file.read() != digest.digest():
        raise UnreadableArchive(path, "it is cut off, or it was altered")
    return end


def _decompressed(file: BinaryIO, end: int) -> Iterator[bytes]:
    stream = zlib.decompressobj()
    while (left := end - file.tell()) > 0:
        pending = file.read(min(BLOCK, left))
        while pending:  # a small block can become very large when it is decompressed
            yield stream.decompress(pending, BLOCK * 4)
            pending = stream.unconsumed_tail
    yield stream.flush()
