"""Remove outdated rows: sessions, failed sign-ins, webhook calls, setup tokens and drafts.

Also retire the outdated names of cookies.
"""

from __future__ import annotations

import datetime as dt

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from config_app.propagation import receipts
from hub.api import webhook
from hub.auth import throttle
from hub.database import migration
from hub.models import WebhookCall
from hub.start import install_id
from setup_wizard.claiming import draft, tokens

MARGIN = dt.timedelta(hours=1)
"""The hub keeps a failed sign-in this much longer than needed, in case someone adjusts the clock."""


def remove_outdated() -> None:
    """Remove the outdated rows, and retire the names that cookies had before installs had ids.

    In a worker, only look for the migrations of a newer version, because the master does the rest.

    Raise a database error if the database cannot be written.
    """
    if not migration.look() or receipts.role() == "worker":
        return
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    # A session of a time when the clock was wrong would stay valid for longer than any other.
    longest = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    Session.objects.filter(expire_date__gt=now + longest + MARGIN).update(expire_date=now + longest)
    AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME - MARGIN).delete()
    AccessAttempt.objects.filter(throttle.in_the_future()).delete()
    WebhookCall.objects.filter(received_at__lt=now - webhook.REMEMBERED).delete()
    tokens.remove_outdated(now)
    draft.remove_outdated(now)
    install_id.ensure()
