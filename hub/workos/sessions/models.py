"""What the hub keeps of sessions at WorkOS."""

from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone


class WorkOSSession(models.Model):
    """A browser that is signed in through WorkOS; it goes with the Django session, whatever ends that.

    ``fresh_until`` is when the access token ends and the session has to be refreshed. ``refreshing_until``
    is set while one process does so, ``retry_at`` after WorkOS did not answer.

    ``is_unanswered`` says that the refresh token was sent and no other one came back, so that it may be used
    up. Where it turned out to be, ``kept_until`` is how long the session goes on without one.
    """

    # No constraint in the database: whoever deletes sessions there, by SQL for one, may do so.
    session = models.OneToOneField(
        Session, on_delete=models.CASCADE, db_constraint=False, related_name="workos"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sid = models.CharField("session at WorkOS", max_length=128, db_index=True)
    refresh_token = models.TextField("sealed refresh token")
    fresh_until = models.DateTimeField()
    refreshing_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    is_unanswered = models.BooleanField(default=False)
    kept_until = models.DateTimeField(null=True)
    is_impersonated = models.BooleanField(default=False)
    organization_id = models.CharField(max_length=128, blank=True)
    roles: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    signed_in_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "hub_workos_session"

    def __str__(self) -> str:
        """Return the session's id, which opens nothing."""
        return self.sid


class WorkOSEvents(models.Model):
    """One row: how far the events of WorkOS were followed, and when that was last tried.

    ``is_refused`` while WorkOS does not let the hub read them.
    """

    cursor = models.CharField(max_length=128, blank=True)
    tried_at = models.DateTimeField()
    is_refused = models.BooleanField(default=False)

    class Meta:
        db_table = "hub_workos_events"

    def __str__(self) -> str:
        """Return the last event that was seen."""
        return self.cursor
