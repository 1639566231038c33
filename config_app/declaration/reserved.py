"""The key that config_app reserves in ``system_config``, and how to recognise a ciphertext in that table."""

from __future__ import annotations

import re

SALT_KEY = "encryption_key_salt"
"""The key of the row that stores the keyring's salt. No setting may have this key."""
FIRST_KEY = "legacy"
"""The id of a data key from a version in which data keys had no ids. Such an install had one data key."""
TOKEN_START = "gAAAA"  # noqa: S105 - no password
"""The first characters of every Fernet token made in this century."""
# These characters encode the token's version byte and the high bytes of its time.
NAMED_START = "v2:"
"""The first characters of a ciphertext that names its data key: ``v2:<id>:<Fernet token>``."""
CIPHERTEXT_STARTS = (TOKEN_START, NAMED_START)
"""The two ways in which a ciphertext can begin, for filters in SQL."""
_NAMED = re.compile(rf"{NAMED_START}([0-9a-f]{{8}}):{TOKEN_START}")


def key_id_of(text: str) -> str | None:
    """Return the id of the data key that encrypted ``text``.

    Return ``None`` if ``text`` is not a ciphertext.
    """
    if named := _NAMED.match(text):
        return named[1]
    # A ciphertext that names no key is from a time when an install had only one data key.
    return FIRST_KEY if text.startswith(TOKEN_START) else None


def is_ciphertext(text: str) -> bool:
    """Return whether a stored text looks like an encrypted secret."""
    return key_id_of(text) is not None
