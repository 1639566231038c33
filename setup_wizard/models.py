"""What an install remembers until somebody has claimed it."""

from __future__ import annotations

from typing import Any

from django.db import models

DRAFT_ID = 1


class SetupToken(models.Model):
    """One setup token, of which only the SHA-256 hash is stored.

    Until ``used_at`` it is on offer; from then on it names the one browser session that may set up.
    """

    digest = models.CharField(max_length=64, unique=True)
    machine = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "setup_token"

    def __str__(self) -> str:
        """Return whether it was used."""
        return "used setup token" if self.used_at else "unused setup token"


class SetupDraft(models.Model):
    """One row: what was entered so far, by step; nothing of it is in force.

    ``steps`` has the text of every field by step, ``secrets`` ciphertexts by setting, ``password`` the
    hash of the administrator's. ``earlier`` has the steps of whoever brought a setup token before: forms
    are filled in with them, and each counts once it was sent anew.
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
        """Return which steps it has."""
        return f"draft of {', '.join(self.steps) or 'nothing yet'}"

    def hand_over(self, heritable: dict[str, dict[str, Any]]) -> None:
        """Keep for the next holder what of the steps is ``heritable``, and no password and no secret."""
        self.earlier = {**self.earlier, **heritable}
        self.steps, self.secrets, self.password = {}, {}, ""
        self.save()
