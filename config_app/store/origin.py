"""``Origin``: who makes a change, through which channel, why, and from which address."""

from __future__ import annotations

import dataclasses
from typing import Final

from django.utils.functional import Promise

from config_app.errors import InvalidOrigin
from config_app.models import Revision

CODE: Final = "code"
"""The channel of changes that code makes through ``config_app.api``."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who makes a change, through which channel, why, and from which client address.

    Raise ``InvalidOrigin`` for a text that the history cannot store.
    """

    actor: str = ""
    channel: str = CODE
    reason: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        """Raise ``InvalidOrigin`` if the history cannot store one of the texts."""
        # Databases differ in the texts that they refuse, and some shorten a long text without an error.
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name))


def _check(name: str, text: object) -> None:
    if not isinstance(text, str | Promise):
        raise InvalidOrigin(name, f"text, not {type(text).__name__}")
    text = str(text)
    if "\0" in text:
        raise InvalidOrigin(name, "text without NUL characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidOrigin(name, "valid Unicode text")
    longest = getattr(Revision._meta.get_field(name), "max_length", None)
    if longest is not None and len(text) > longest:
        raise InvalidOrigin(name, f"at most {longest} characters, not {len(text)}")
