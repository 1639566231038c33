"""Form fields for secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from config_app.declaration.secret import Secret
from config_app.fields.base import SettingField

# Control characters break headers and environment files. Unpaired surrogates cannot be encoded in UTF-8.
_TEXT = r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]"
# Forms and tables show these characters instead of a secret. A person may copy them by mistake.
_MASK = re.compile(r"[•●*]+")


class SecretField(SettingField[Secret]):
    """A field whose value is a ``Secret``; a form never shows the stored value."""

    expected = "a secret without control characters"
    widget = forms.PasswordInput
    attributes: ClassVar[Mapping[str, str]] = {"autocomplete": "new-password", "spellcheck": "false"}
    typed = (Secret,)
    shape: ClassVar[re.Pattern[str]] = re.compile(rf"{_TEXT}+")

    def parse(self, text: str) -> Secret:
        """Return the text as a ``Secret``; raise ``refusal()`` if the text is not valid or is only a mask."""
        if not self.shape.fullmatch(text):
            raise self.refusal()
        if _MASK.fullmatch(text):
            raise self.refusal("this is only the mask that is shown instead of the secret")
        return Secret(text)

    def text_of(self, value: Secret | str) -> str:
        """Return the secret as plain text. The caller must encrypt this text before storing it."""
        return value.reveal() if isinstance(value, Secret) else value

    def prepare_value(self, value: Any) -> None:
        """Return None, so that no widget ever shows the secret."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether a new secret was entered. An empty field keeps the stored secret."""
        return data not in self.empty_values and super().has_changed(initial, data)


class FernetKeyField(SecretField):
    """A field for a Fernet key. The value is the key in URL-safe base64 with padding."""

    # Every text of this form decodes to 32 bytes, so nothing else has to be checked.
    expected = "a Fernet key: 32 bytes as 43 or 44 characters of base64"
    shape = re.compile(r"[A-Za-z0-9_-]{43}=")

    def parse(self, text: str) -> Secret:
        """Return the key as a ``Secret``. The key may be in any base64, with or without padding."""
        # Programs such as openssl write the other base64, and many programs leave out the padding.
        safe = text.replace("+", "-").replace("/", "_")
        return super().parse(safe if safe.endswith("=") else f"{safe}=")


class WebhookSecretField(SecretField):
    """A field for a shared secret that signs requests."""

    expected = "at least 16 characters without control characters"
    shape = re.compile(rf"{_TEXT}{{16,}}")
