"""Recovery codes: 28 characters in seven groups, such as ``7K2M-…``.

The codes use Crockford's alphabet, which has no letter that looks like a digit. The first 26 characters are
random (130 bits). The last two characters are a checksum, which reveals typing errors.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from config_app.declaration.secret import Secret
from config_app.errors import ConfigError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS, CHECK_CHARACTERS, GROUP = 26, 2, 4
LENGTH = RANDOM_CHARACTERS + CHECK_CHARACTERS
SLIPS = 2
"""A text without hyphens looks like a code if its length differs from ``LENGTH`` by at most this number."""
_LOOKALIKES = str.maketrans("OIL", "011")


class NotARecoveryCode(ConfigError):
    """A text is not a valid recovery code. Perhaps the text is a code with a typing error.

    ``looks_like_a_shared_key`` is true if the text has neither the groups nor the length of a code.
    """

    looks_like_a_shared_key = False


def new_code() -> Secret:
    """Return a new random code in its canonical form, with hyphens between the groups."""
    payload = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return _grouped(payload + _check(payload))


def read_code(text: Secret) -> Secret:
    """Return the canonical form of a typed code. Raise ``NotARecoveryCode`` if the text is not a code."""
    typed = Secret(re.sub(r"[\s-]", "", text.reveal()).upper().translate(_LOOKALIKES))
    if wrong := _what_is_wrong(typed):
        error = NotARecoveryCode(f"this is not a recovery code: {wrong}", fix="compare it with your copy")
        error.looks_like_a_shared_key = not _has_groups(text)
        raise error
    return _grouped(typed.reveal())


def _what_is_wrong(typed: Secret) -> str:
    code = typed.reveal()
    if set(code) - set(ALPHABET):
        return "it has a character that is in no recovery code"
    if len(code) != LENGTH:
        return f"it has {len(code)} letters and digits instead of {LENGTH}"
    if _check(code[:RANDOM_CHARACTERS]) != code[RANDOM_CHARACTERS:]:
        return "a letter or digit was mistyped, or two were swapped"
    return ""


def _has_groups(text: Secret) -> bool:
    groups = re.split(r"[\s-]+", text.reveal().strip())
    if len(groups) == 1:
        return abs(len(groups[0]) - LENGTH) <= SLIPS
    return all(abs(len(group) - GROUP) < SLIPS for group in groups)


def _check(payload: str) -> str:
    digest = hashlib.sha256(f"config_app recovery code {payload}".encode()).digest()
    return ALPHABET[digest[0] % 32] + ALPHABET[digest[1] % 32]


def _grouped(code: str) -> Secret:
    return Secret("-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)))
