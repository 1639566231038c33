"""Refreshing a session whose access token has ended: once, however many requests come at a time (B9)."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
from http import HTTPStatus
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from config_app.declaration.secret import Secret
from hub.models import WorkOSSession
from hub.runtime_config import RuntimeConfig
from hub.workos import people
from hub.workos.remote import outage
from hub.workos.remote.client import Client, get_client
from hub.workos.remote.credentials import credentials_in
from hub.workos.remote.errors import CredentialsRefused, InvalidToken, Refused, TokenSpent, WorkOSTrouble
from hub.workos.remote.grants import Grant
from hub.workos.sessions.sealed_tokens import seal, unseal

logger = logging.getLogger("hub")

Lease = QuerySet[WorkOSSession]
"""The session that this process refreshes, and nothing any more once another one has taken over."""

CALLS = 3
"""Calls that a refresh makes at most, of five seconds each: for a token, for the session, for the person."""
LEASE = dt.timedelta(seconds=20)
"""How long one process has for a refresh before another one takes over."""
GRACE = dt.timedelta(seconds=60)
"""How long after the token's end a request goes on while another one refreshes; later, it waits for that."""
PATIENCE, GLANCE = 6.0, 0.05
"""Seconds that a request waits for the refresh of another one, and between two looks at it."""
BACKOFF = dt.timedelta(seconds=30)
"""How long a session is left alone after WorkOS did not answer."""
KEPT, LOOK = dt.timedelta(hours=1), dt.timedelta(minutes=5)
"""How long a session goes on whose refresh token is lost, and how often WorkOS is asked whether it does."""
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
    _load_client(config)
    now = timezone.now()
    if outage.is_recent() or _is_ahead(row.retry_at, now):
        return row
    lease = _claim(row, now)
    if lease is None:
        return _left_to_another(row, now)
    mine = WorkOSSession.objects.filter(pk=row.pk, refreshing_until=lease)
    is_over = _try(mine, config)
    if is_over and mine.exists():
        return None
    return WorkOSSession.objects.filter(pk=row.pk).first()  # another process may have taken over meanwhile


def _try(mine: Lease, config: RuntimeConfig) -> bool:
    """Refresh the session of a lease, or postpone that; tell whether it is over instead."""
    try:
        _refresh(mine, config)
    except Refused as refusal:
        logger.info("a session ended at WorkOS: %s", refusal)
        return True
    except InvalidToken as error:
        if not error.is_clock:
            logger.error("a session is over, as WorkOS's token for it does not verify: %s", error)
            return True
        _postpone(mine, error)
    except WorkOSTrouble as trouble:
        _postpone(mine, trouble)
    return False


def _load_client(config: RuntimeConfig) -> None:
    """Have the client before the lease begins: the first one in a process loads the SDK, which takes a while.

    On a busy machine that took most of the lease, and another process refreshed the session as well.
    """
    with contextlib.suppress(WorkOSTrouble):  # which the refresh comes to as well
        get_client(credentials_in(config))


def _is_ahead(moment: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether a time is ahead, but not so far that it was noted by a clock that was wrong (R9)."""
    return moment is not None and now < moment < now + AHEAD


def _claim(row: WorkOSSession, now: dt.datetime) -> dt.datetime | None:
    """Return until when this request is the one to refresh: a lease in the database, for every process."""
    if _is_ahead(row.refreshing_until, now):
        return None
    free = Q(refreshing_until=None) | Q(refreshing_until__lte=now) | Q(refreshing_until__gte=now + AHEAD)
    still_due = WorkOSSession.objects.filter(free, pk=row.pk, fresh_until__lte=now)
    return now + LEASE if still_due.update(refreshing_until=now + LEASE) else None


def _refresh(mine: Lease, config: RuntimeConfig) -> None:
    """Refresh the session that this request has claimed, as it is since: its token may be another by now.

    Whatever is written is written under the lease only, or a process that was slow could put a token that
    is used up over a newer one.
    """
    row = mine.select_related("user").first()
    if row is None:
        return
    client = get_client(credentials_in(config))
    grant = None if row.kept_until else _ask_for_grant(row, mine, client, config)
    if grant is None:
        _keep_without_token(row, mine, client)
    else:
        _take(grant, row, mine, config)
    outage.note_success()


def _ask_for_grant(row: WorkOSSession, mine: Lease, client: Client, config: RuntimeConfig) -> Grant | None:
    """Return what the session's token grants, or ``None`` where an answer that got lost had used it up."""
    token = unseal(row.refresh_token, config)
    if token is None:
        raise Refused("its refresh token cannot be unsealed with any password of the history")

    def keep(successor: Secret) -> None:
        mine.update(refresh_token=seal(successor, config), is_unanswered=False)

    mine.update(is_unanswered=True)  # beforehand: this process may not live to see what becomes of it
    try:
        return client.refresh(token, keep)
    except TokenSpent:
        if not row.is_unanswered:
            raise
    return None


def _take(grant: Grant, row: WorkOSSession, mine: Lease, config: RuntimeConfig) -> None:
    if grant.person.workos_user_id != row.user.workos_user_id:
        raise InvalidToken("it belongs to somebody else")
    people.update(row.user, grant.person)
    begun_by_another = row.is_impersonated or grant.is_impersonated  # whatever a later answer leaves out
    columns = facts(grant, config) | {"is_impersonated": begun_by_another}
    mine.update(**columns, refreshing_until=None, retry_at=None)


def _keep_without_token(row: WorkOSSession, mine: Lease, client: Client) -> None:
    """Let a session go on whose token is lost, for a while and as long as WorkOS says that it does."""
    now, workos_user_id = timezone.now(), str(row.user.workos_user_id)
    kept_until = row.kept_until or now + KEPT
    try:
        is_active = client.has_session(workos_user_id, row.sid)
    except CredentialsRefused as refusal:
        if refusal.status == HTTPStatus.FORBIDDEN:
            raise Refused("its token is lost, and the API key may not ask whether it goes on") from refusal
        raise
    if not is_active or kept_until <= now:
        raise Refused("its token is lost" if is_active else "it is not among those that are active")
    people.update(row.user, client.person(workos_user_id))
    times = {"kept_until": kept_until, "fresh_until": min(now + LOOK, kept_until)}
    mine.update(refresh_token="", **times, refreshing_until=None, retry_at=None)


def _postpone(mine: Lease, trouble: WorkOSTrouble) -> None:
    outage.note(trouble)
    mine.update(refreshing_until=None, retry_at=timezone.now() + BACKOFF)


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
