"""Form fields of the settings that narrow signing in through WorkOS."""

from __future__ import annotations

import re

from config_app.fields import SettingField


class OrganizationIdField(SettingField[str]):
    """The id of an organization at WorkOS; optional."""

    expected = "`org_` followed by letters, digits or underscores"

    def parse(self, text: str) -> str:
        """Return the id as it is."""
        if not re.fullmatch(r"org_[A-Za-z0-9_]+", text):
            raise self.refusal()
        return text


class RoleField(SettingField[str]):
    """The slug of a role at WorkOS; optional."""

    expected = "a role's slug: lower-case letters, digits, hyphens, underscores or colons"

    def parse(self, text: str) -> str:
        """Return the slug as it is."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_:-]{0,127}", text):
            raise self.refusal()
        return text
