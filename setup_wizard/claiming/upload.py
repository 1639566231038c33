"""The uploaded backup. A private file holds the backup until the restore or the end of the setup."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from config_app.encryption.private_files import PRIVATE_FILE
from config_app.errors import ConfigError
from setup_wizard.product import get_product

logger = logging.getLogger("setup_wizard")

DIGEST_BYTES = 32
"""The size in bytes of the digest at the end of a backup. ``fingerprint`` returns this digest."""


def path() -> Path:
    """Return the path of the uploaded backup. The file exists only while a person reviews the backup."""
    return get_product().token_file().with_name("restore.upload")


def keep(file: UploadedFile[Any]) -> None:
    """Write an uploaded file to ``path()``. Raise ``ConfigError`` if that fails.

    An earlier file is replaced only when the new file is complete.
    """
    try:
        with _written_privately(path()) as target:
            for chunk in file.chunks():
                target.write(chunk)
    except OSError as error:
        fix = "check for free disk space, and choose the file again"
        raise ConfigError(f"the file cannot be kept on the server: {error.strerror}", fix=fix) from None


@contextlib.contextmanager
def _written_privately(path: Path) -> Iterator[Any]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def fingerprint() -> str:
    """Return a text that identifies the content of the file. If there is no file, the text is empty."""
    try:
        with path().open("rb") as file:
            file.seek(max(0, path().stat().st_size - DIGEST_BYTES))
            return file.read().hex()
    except OSError:
        return ""


def discard() -> None:
    """Remove the file, if there is one, and the incomplete files of interrupted uploads."""
    for found in (path(), *path().parent.glob(f".{path().name}.*")):
        try:
            found.unlink(missing_ok=True)
        except OSError as error:  # harmless: the next upload replaces the file
            logger.warning("%s cannot be removed: %s", found, error.strerror)
