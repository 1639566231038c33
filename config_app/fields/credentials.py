"""Secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from config_app.declaration.secret import Secret
from config_app.fields.base import SettingField

# Control characters break headers and environment files, lone surrogates cannot be encoded.
_TEXT = r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]"
# What forms and tables show instead of a secret, sent back or imported as if it were one.
_MASK = re.compile(r"[•●*]+")


class SecretField(SettingField[Secret]):
    """Text that comes out as a ``Secret``; a form never shows what is stored."""

    expected = "a secret without control characters"
    widget = forms.PasswordInput
    attributes: ClassVar[Mapping[str, str]] = {"autocomplete": "new-password", "spellcheck": "false"}
    typed = (Secret,)
    shape: ClassVar[re.Pattern[str]] = re.compile(rf"{_TEXT}+")

    def parse(self, text: str) -> Secret:
        """Return the wrapped text."""
        if not self.shape.fullmatch(text):
            raise self.refusal()
        if _MASK.fullmatch(text):
            raise self.refusal("this is a mask, not the secret behind it")
        return Secret(text)

    def text_of(self, value: Secret | str) -> str:
        """Return the secret itself, for whoever encrypts it."""
        return value.reveal() if isinstance(value, Secret) else value

    def prepare_value(self, value: Any) -> None:
        """Show nothing, whichever widget is used."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether a new secret was typed: a blank input keeps the old one."""
        return data not in self.empty_values and super().has_changed(initial, data)


class FernetKeyField(SecretField):
    """A key for ``cryptography.fernet``."""

    # 43 characters carry 32 bytes and two bits that decoding ignores, so the shape is the whole check.
    expected = "a Fernet key: 32 bytes as 44 characters of URL-safe base64"
    shape = re.compile(r"[A-Za-z0-9_-]{43}=")


class WebhookSecretField(SecretField):
    """A shared secret that signs requests."""

    expected = "at least 16 characters without control characters"
    shape = re.compile(rf"{_TEXT}{{16,}}")
