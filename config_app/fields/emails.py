"""E-mail addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from config_app.fields.base import PLAIN_TEXT, SettingField
from config_app.fields.lists import ListField


def canonical_email(text: str) -> str | None:
    """Return the address in the one spelling that may be compared, or None.

    ASCII only: folding case makes equals of addresses that are not (straße.de and strasse.de, the
    Kelvin sign and k), and a comparison here decides who is an administrator. A quoted local part,
    which may hold commas and spaces, is refused too.
    """
    if not text.isascii() or '"' in text:
        return None
    try:
        validate_email(text)
    except ValidationError:
        return None
    return text.lower()


class EmailField(SettingField[str]):
    """One e-mail address, in lower case."""

    expected = "an e-mail address such as ada@example.com"
    widget = forms.EmailInput
    attributes: ClassVar[Mapping[str, str]] = {**PLAIN_TEXT, "inputmode": "email"}

    def parse(self, text: str) -> str:
        """Return the address in lower case."""
        address = canonical_email(text)
        if address is None:
            raise self.refusal()
        return address


class EmailListField(ListField[str]):
    """E-mail addresses, in lower case."""

    expected = "e-mail addresses such as ada@example.com"

    def parse_entry(self, text: str) -> str | None:
        """Return one address."""
        return canonical_email(text)
