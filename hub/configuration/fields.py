"""Form fields that only the hub needs."""

from __future__ import annotations

import re

from config_app.fields import SecretField, SettingField


class ApiKeyField(SecretField):
    """The form field for a WorkOS API key."""

    expected = "`sk_` followed by at least 8 visible ASCII characters"
    # A key with ${…} was meant to be filled in by a shell.
    shape = re.compile(r"sk_(?!.*\$\{)[!-~]{8,}")


class ClientIdField(SettingField[str]):
    """The form field for a WorkOS client id. The id identifies the hub at WorkOS and is not secret."""

    expected = "`client_` followed by letters, digits or underscores"

    def parse(self, text: str) -> str:
        """Return the id unchanged. Raise ``ValidationError`` if the id is not valid."""
        if not re.fullmatch(r"client_[A-Za-z0-9_]+", text):
            raise self.refusal()
        return text


class InstallIdField(SettingField[str]):
    """The form field for the id of an install. The id becomes a part of the names of cookies."""

    expected = "8 lower-case hexadecimal digits"

    def parse(self, text: str) -> str:
        """Return the id unchanged. Raise ``ValidationError`` if the id is not valid."""
        if not re.fullmatch(r"[0-9a-f]{8}", text):
            raise self.refusal()
        return text


class OrganizationIdField(SettingField[str]):
    """The form field for the optional id of an organization at WorkOS."""

    expected = "`org_` followed by letters, digits or underscores"

    def parse(self, text: str) -> str:
        """Return the id unchanged. Raise ``ValidationError`` if the id is not valid."""
        if not re.fullmatch(r"org_[A-Za-z0-9_]+", text):
            raise self.refusal()
        return text


class RoleField(SettingField[str]):
    """The form field for the optional slug of a role at WorkOS."""

    expected = "a role's slug: lower-case letters, digits, hyphens, underscores or colons"

    def parse(self, text: str) -> str:
        """Return the slug unchanged. Raise ``ValidationError`` if the slug is not valid."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_:-]{0,127}", text):
            raise self.refusal()
        return text
