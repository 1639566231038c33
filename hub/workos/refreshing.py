"""Refreshing a session whose access token has ended: once, however many requests come at a time (B9)."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any

from django.db.models import Q
from django.utils import timezone

from config_app.secret import Secret
from hub.runtime_config import RuntimeConfig
from hub.workos import outage, people
from hub.workos.client import get_client
from hub.workos.credentials import credentials_in
from hub.workos.errors import InvalidToken, Refused, WorkOSTrouble
from hub.workos.grants import Grant
from hub.workos.models import WorkOSSession
from hub.workos.sealing import seal, unseal

logger = logging.getLogger("hub")

LEASE = dt.timedelta(seconds=15)
"""How long one process has for a refresh before another one takes over."""
GRACE = dt.timedelta(seconds=60)
"""How long after the token's end a request goes on while another one refreshes; later, it waits for that."""
PATIENCE, GLANCE = 6.0, 0.05
"""Seconds that a request waits for the refresh of another one, and between two looks at it."""
BACKOFF = dt.timedelta(seconds=30)
"""How long a session is left alone after WorkOS did not answer."""
AHEAD = 2 * BACKOFF
"""How far ahead a lease or a pause may be: beyond both, as each request looked at the clock by itself."""


def facts(grant: Grant, config: RuntimeConfig) -> dict[str, Any]:
    """Return the columns of a session that a grant decides."""
    return {
        "sid": grant.sid,
        "refresh_token": seal(grant.refresh_token, config),
        "fresh_until": timezone.now() + grant.lifetime,
        "is_impersonated": grant.is_impersonated,
        "organization_id": grant.organization_id,
        "roles": list(grant.roles),
    }


def refresh(row: WorkOSSession, config: RuntimeConfig) -> WorkOSSession | None:
    """Return the session refreshed, or as it is while that cannot be done now; ``None`` once it is over."""
    now = timezone.now()
    if outage.is_recent() or _is_ahead(row.retry_at, now):
        return row
    if not _claim(row, now):
        return _left_to_another(row, now)
    try:
        return _refresh(row.pk, config)
    except Refused as refusal:
        logger.info("a session ended at WorkOS: %s", refusal)
    except InvalidToken as error:
        if error.is_clock:
            return _postpone(row, error)
        logger.error("a session is over, as WorkOS's token for it does not verify: %s", error)
    except WorkOSTrouble as trouble:
        return _postpone(row, trouble)
    return None


def _is_ahead(moment: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether a time is ahead, but not so far that it was noted by a clock that was wrong (R9)."""
    return moment is not None and now < moment < now + AHEAD


def _claim(row: WorkOSSession, now: dt.datetime) -> bool:
    """Tell whether this request is the one that refreshes: a lease in the database, for every process."""
    if _is_ahead(row.refreshing_until, now):
        return False
    free = Q(refreshing_until=None) | Q(refreshing_until__lte=now) | Q(refreshing_until__gte=now + AHEAD)
    still_due = WorkOSSession.objects.filter(free, pk=row.pk, fresh_until__lte=now)
    return still_due.update(refreshing_until=now + LEASE) == 1


def _refresh(key: int, config: RuntimeConfig) -> WorkOSSession | None:
    """Refresh the session that this request has claimed, as it is since: its token may be another by now."""
    mine = WorkOSSession.objects.filter(pk=key)
    row = mine.select_related("user").first()
    if row is None:
        return None
    token = unseal(row.refresh_token, config)
    if token is None:
        raise Refused("its refresh token cannot be unsealed with any password of the history")

    def keep(successor: Secret) -> None:
        mine.update(refresh_token=seal(successor, config))

    grant = get_client(credentials_in(config)).refresh(token, keep)
    if grant.person.workos_user_id != row.user.workos_user_id:
        raise InvalidToken("it belongs to somebody else")
    people.update(row.user, grant.person)
    begun_by_another = row.is_impersonated or grant.is_impersonated  # whatever a later answer leaves out
    columns = facts(grant, config) | {"is_impersonated": begun_by_another}
    mine.update(**columns, refreshing_until=None, retry_at=None)
    outage.note_success()
    return mine.first()


def _postpone(row: WorkOSSession, trouble: WorkOSTrouble) -> WorkOSSession:
    outage.note(trouble)
    WorkOSSession.objects.filter(pk=row.pk).update(refreshing_until=None, retry_at=timezone.now() + BACKOFF)
    return row


def _left_to_another(row: WorkOSSession, now: dt.datetime) -> WorkOSSession | None:
    """Go on as before where the token ended just now, else see what becomes of the other's refresh."""
    if now - row.fresh_until < GRACE:
        return row
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(GLANCE)
        seen = WorkOSSession.objects.filter(pk=row.pk).first()
        if seen is None or seen.refreshing_until is None:
            return seen
    return row
