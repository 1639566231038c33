"""The tables that an install uses until it is claimed: the setup token and the draft."""

from __future__ import annotations

from typing import Any

from django.db import models

DRAFT_ID = 1
IMPORTED = ":imported"
"""The key in ``steps`` for the settings of an imported export. No step can have this name."""


class SetupToken(models.Model):
    """A setup token; only its SHA-256 hash is stored.

    While ``used_at`` is empty, the token can be used. A used token identifies the only browser session that
    may set up the install.
    """

    digest = models.CharField(max_length=64, unique=True)
    machine = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "setup_token"

    def __str__(self) -> str:
        """Return a text that says whether the token was used."""
        return "used setup token" if self.used_at else "unused setup token"


class SetupDraft(models.Model):
    """The answers entered in the wizard so far, in one row. They take effect only with the claim.

    ``steps`` maps each step to the texts of its fields. ``secrets`` maps settings to ciphertexts.
    ``password`` is the hash of the administrator's password. ``earlier`` has the steps of an earlier holder
    of the setup token. These steps prefill the forms. A step counts only after the new holder submits it.
    """

    steps: models.JSONField[dict[str, dict[str, Any]], dict[str, dict[str, Any]]] = models.JSONField(
        default=dict
    )
    secrets: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    password = models.CharField(max_length=256, blank=True)
    earlier: models.JSONField[dict[str, dict[str, Any]], dict[str, dict[str, Any]]] = models.JSONField(
        default=dict
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "setup_draft"

    def __str__(self) -> str:
        """Return a text that names the steps entered so far."""
        return f"draft of {', '.join(self.steps) or 'nothing yet'}"

    def hand_over(self, heritable: dict[str, dict[str, Any]]) -> None:
        """Keep the ``heritable`` steps for the next holder. Drop everything else, such as the secrets."""
        # An imported setting may never appear in a form, so the next holder could not check it.
        steps = {name: texts for name, texts in heritable.items() if name != IMPORTED}
        self.earlier = {**self.earlier, **steps}
        self.steps, self.secrets, self.password = {}, {}, ""
        self.save()
