"""Reads a document that a person uploads in a browser."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile

from config_app.declaration.secret import Secret
from config_app.transfer.document import Document, UnreadableExport, read_document
from config_app.transfer.passphrase import decrypt, is_encrypted

MOST_BYTES = 1024 * 1024
"""The maximum size of an uploaded file, in bytes. It is low, because the review page sends the file again."""
LONGEST_PASSPHRASE = 1024


def read_upload(file: UploadedFile[Any], passphrase: str) -> Document:
    """Return the uploaded document. Raise ``ConfigError`` if the file cannot be read or decrypted."""
    if (file.size or 0) > MOST_BYTES:
        fix = "import it with manage.py config import"
        raise UnreadableExport(f"it is larger than {MOST_BYTES // 1024} KB", fix)
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableExport("it is not UTF-8 text") from None
    if not is_encrypted(text):
        return read_document(text)
    if not passphrase:
        raise UnreadableExport("it is encrypted", "choose the file again and enter its passphrase")
    return read_document(decrypt(text, Secret(passphrase)), has_secrets=True)
