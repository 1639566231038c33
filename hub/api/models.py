"""What the API remembers."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class WebhookCall(models.Model):
    """A signed call that was carried out, so that no process carries it out again."""

    digest = models.CharField(max_length=64, primary_key=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "hub_webhook_call"

    def __str__(self) -> str:
        """Return the digest, which signs nothing."""
        return self.digest
