"""Form fields for e-mail addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from config_app.declaration.slips import find_slip
from config_app.fields.base import PLAIN_TEXT, SettingField
from config_app.fields.causes import about_email
from config_app.fields.lists import ListField

LONGEST = 254
"""The length of the longest address to which mail can be sent, in characters (RFC 5321, 4.5.3.1.3)."""


def canonical_email(text: str) -> str | None:
    """Return the address in lower case, so that the caller can compare addresses.

    Return ``None`` if ``text`` is not valid. Only ASCII addresses without a quoted local part and without
    ``*`` are valid. An address has at most ``LONGEST`` characters.
    """
    # Comparing addresses decides who is an administrator. Outside ASCII, ignoring case makes different
    # addresses equal (straße.de and strasse.de). A quoted local part may contain commas and spaces. People
    # write * to mean all addresses of a domain, but it would be the name of one mailbox. An address such as
    # ${OWNER}@example.com is valid too, but nothing has replaced the variable in it.
    if not text.isascii() or '"' in text or "*" in text or len(text) > LONGEST or find_slip(text):
        return None
    try:
        validate_email(text)
    except ValidationError:
        return None
    return text.lower()


class EmailField(SettingField[str]):
    """A field for one e-mail address. The value is the address in lower case."""

    expected = "an e-mail address such as ada@example.com"
    widget = forms.EmailInput
    attributes: ClassVar[Mapping[str, str]] = {**PLAIN_TEXT, "inputmode": "email"}

    def parse(self, text: str) -> str:
        """Return the address in lower case."""
        address = canonical_email(text)
        if address is None:
            raise self.refusal()
        return address

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not an address."""
        return super().hint(text) or about_email(text)


class EmailListField(ListField[str]):
    """A field for e-mail addresses. The value is a tuple of addresses in lower case."""

    expected = "e-mail addresses such as ada@example.com"

    def parse_entry(self, text: str) -> str | None:
        """Return the address in lower case. Return ``None`` if ``text`` is not valid."""
        return canonical_email(text)

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not an address."""
        return super().hint(text) or about_email(text)
