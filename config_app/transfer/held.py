"""Keeps an uploaded document in a hidden field of the review page. If it has secrets, encrypts it."""

from __future__ import annotations

from config_app import store
from config_app.encryption import enrolment, install_keyring
from config_app.errors import DecryptionFailed
from config_app.transfer.document import Document, UnreadableExport, read_document

PLAIN, SEALED = "plain:", "sealed:"
LOST = UnreadableExport("this page no longer contains the file", "choose the file again")


def hold(document: Document, owner: str) -> str:
    """Return the document as a text that ``held`` can read.

    If the document has secrets, the text is encrypted, and ``held`` decrypts it only for the same ``owner``.
    Raise ``KeyringLocked`` if the document has secrets but the keyring cannot be unlocked.
    """
    text = document.as_text()
    if not document.has_secrets:
        return PLAIN + text
    with store.writing():
        enrolment.ensure_keyring()
        return SEALED + install_keyring.newest_keyring().encrypt(_purpose(owner), text)


def held(text: str, owner: str) -> Document:
    """Return the document that ``hold`` turned into ``text``.

    Raise ``UnreadableExport`` if ``text`` is damaged or cannot be decrypted for ``owner``.
    """
    if text.startswith(PLAIN):
        return read_document(text.removeprefix(PLAIN))
    try:
        opened = install_keyring.decrypt(_purpose(owner), text.removeprefix(SEALED))
    except DecryptionFailed:
        raise LOST from None
    return read_document(opened, has_secrets=True)


def _purpose(owner: str) -> str:
    return f"import by {owner}"
