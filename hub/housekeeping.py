"""Remove outdated rows: sessions, failed sign-ins, webhook calls, setup tokens and drafts."""

from __future__ import annotations

import datetime as dt

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from config_app.propagation import receipts
from hub.api import webhook
from hub.models import WebhookCall
from setup_wizard.claiming import draft, tokens

MARGIN = dt.timedelta(hours=1)
"""The hub keeps a failed sign-in this much longer than needed, in case someone adjusts the clock."""


def remove_outdated() -> None:
    """Remove the outdated rows. Do nothing in a worker, because the master removes these rows.

    Raise a database error if the database cannot be written.
    """
    if receipts.role() == "worker":
        return
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME - MARGIN).delete()
    WebhookCall.objects.filter(received_at__lt=now - webhook.REMEMBERED).delete()
    tokens.remove_outdated(now)
    draft.remove_outdated(now)
