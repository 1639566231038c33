"""The tables that an install uses until it is claimed: the setup token and the draft."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now

DRAFT_ID = 1
IMPORTED = ":imported"
"""The key of the imported settings in ``SetupDraft.steps``. The other keys are the names of steps."""


class SetupToken(models.Model):
    """A setup token. The database stores only the SHA-256 hash of the token.

    Until ``used_at`` is set or the token expires, the token can be used. A used token identifies the only
    browser session that is allowed to set up the install.
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
    """The answers entered in the wizard so far, in one row. The answers take effect only with the claim.

    ``steps`` maps each step to the texts of the step's fields. ``secrets`` maps keys of settings to
    ciphertexts. ``password`` is the hash of the administrator's password. ``earlier`` has the steps of an
    earlier holder of the setup token. These steps only prefill the forms. The new holder must submit each
    step again.
    """

    steps: models.JSONField[dict[str, dict[str, Any]], dict[str, dict[str, Any]]] = models.JSONField(
        default=dict, db_default={}
    )
    secrets: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, db_default={})
    password = models.CharField(max_length=256, blank=True, default="", db_default="")
    earlier: models.JSONField[dict[str, dict[str, Any]], dict[str, dict[str, Any]]] = models.JSONField(
        default=dict, db_default={}
    )
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    class Meta:
        db_table = "setup_draft"

    def __str__(self) -> str:
        """Return a text that names the steps entered so far."""
        return f"draft of {', '.join(self.steps) or 'nothing yet'}"

    def hand_over(self, heritable: dict[str, dict[str, Any]]) -> None:
        """Move the ``heritable`` steps to ``earlier`` for the next holder of the setup token. Save the draft.

        Drop all other content, such as the secrets.
        """
        # An imported setting may never appear in a form, so the next holder could not check it.
        steps = {name: texts for name, texts in heritable.items() if name != IMPORTED}
        self.earlier = {**self.earlier, **steps}
        self.steps, self.secrets, self.password = {}, {}, ""
        self.save()
