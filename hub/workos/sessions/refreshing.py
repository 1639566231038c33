"""Refresh a session whose access token has expired.

If several requests arrive at the same time, only one of them refreshes the session.
"""

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
from hub.postgresql.release import release_idle
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
"""A queryset for one session. The queryset is empty if this process does not hold the session's lease."""

CALLS = 3
"""A refresh calls WorkOS at most this many times. Each call takes up to five seconds.

The calls exchange the refresh token, check the session and read the person.
"""
LEASE = dt.timedelta(seconds=20)
"""The time limit of a refresh. After this time, another process can refresh the session."""
GRACE_PERIOD = dt.timedelta(seconds=60)
"""Requests wait for another request's refresh only if the access token expired longer ago than this."""
LONGEST_WAIT = 6.0
"""A request waits at most this many seconds while another request refreshes the session."""
POLL_INTERVAL = 0.05
"""A waiting request reads the session again after this many seconds."""
BACKOFF = dt.timedelta(seconds=30)
"""If WorkOS does not answer, the hub waits this long before the next try to refresh the session."""
KEPT = dt.timedelta(hours=1)
"""How long a session continues without a refresh token."""
LOOK = dt.timedelta(minutes=5)
"""How often the hub asks WorkOS about a session that has no refresh token."""
AHEAD = 2 * BACKOFF
"""A stored ``refreshing_until`` or ``retry_at`` is ignored if it is further in the future than this.

Such a time was stored while a clock was wrong. A correct time is at most ``LEASE`` or ``BACKOFF`` ahead.
``AHEAD`` is longer, because another request may have read the clock a moment later than this request.
"""


def facts(grant: Grant, config: RuntimeConfig) -> dict[str, Any]:
    """Return a dict that maps columns of ``WorkOSSession`` to the values in a grant."""
    now = timezone.now()
    return {
        "sid": grant.sid,
        "refresh_token": seal(grant.refresh_token, config),
        "granted_at": now,
        "fresh_until": now + grant.lifetime,
        "is_impersonated": grant.is_impersonated,
        "organization_id": grant.organization_id,
        "roles": list(grant.roles),
    }


def refresh(row: WorkOSSession, config: RuntimeConfig) -> WorkOSSession | None:
    """Refresh a session and return the session. Return ``None`` if the session has ended.

    If the session cannot be refreshed now, return the stored session.
    """
    _load_client(config)
    now = timezone.now()
    if outage.is_recent() or _is_ahead(row.retry_at, now):
        return row
    lease = _take_lease(row, now)
    if lease is None:
        return _await_other_refresh(row, now)
    mine = WorkOSSession.objects.filter(pk=row.pk, refreshing_until=lease)
    is_over = _refresh_or_postpone(mine, config)
    if is_over and mine.exists():
        return None
    return WorkOSSession.objects.filter(pk=row.pk).first()  # another process may have taken over meanwhile


def _refresh_or_postpone(mine: Lease, config: RuntimeConfig) -> bool:
    """Refresh the leased session, or postpone the refresh. Return whether the session has ended."""
    try:
        _refresh(mine, config)
    except Refused as refusal:
        logger.info("a session has ended at WorkOS: %s", refusal)
        return True
    except InvalidToken as error:
        if not error.is_clock:
            logger.error("a session was ended because WorkOS's token for it is not valid: %s", error)
            return True
        _postpone(mine, error)
    except WorkOSTrouble as trouble:
        _postpone(mine, trouble)
    return False


def _load_client(config: RuntimeConfig) -> None:
    """Build the client before the lease begins, because loading the SDK can take longer than a lease."""
    # To build the first client, a process loads the SDK. On a busy machine, this could take so long that the
    # lease ends and another process refreshes the session too.
    with contextlib.suppress(WorkOSTrouble):  # the refresh raises it again and handles it
        get_client(credentials_in(config))


def is_due(row: WorkOSSession) -> bool:
    """Return whether the access token of the session has expired.

    Also return ``True`` if the token was granted in the future, because then a clock was set back (R9).
    """
    now = timezone.now()
    return row.fresh_until <= now or (row.granted_at is not None and row.granted_at > now + AHEAD)


def _is_ahead(moment: dt.datetime | None, now: dt.datetime) -> bool:
    """Return whether ``moment`` is after ``now``, but less than ``AHEAD`` after ``now``."""
    # A time further in the future was written while a clock was wrong (R9).
    return moment is not None and now < moment < now + AHEAD


def _take_lease(row: WorkOSSession, now: dt.datetime) -> dt.datetime | None:
    """Take the lease of the session in the database. Return the time when the lease ends.

    Return ``None`` if another request has the lease, or has just refreshed the session.
    """
    if _is_ahead(row.refreshing_until, now):
        return None
    free = Q(refreshing_until=None) | Q(refreshing_until__lte=now) | Q(refreshing_until__gte=now + AHEAD)
    due = Q(fresh_until__lte=now) | Q(granted_at__gt=now + AHEAD)
    still_due = WorkOSSession.objects.filter(free, due, pk=row.pk)
    return now + LEASE if still_due.update(refreshing_until=now + LEASE) else None


def _refresh(mine: Lease, config: RuntimeConfig) -> None:
    """Refresh the leased session; raise ``WorkOSTrouble`` if that fails."""
    # Read the session again, because its token may have changed before the lease began. Only write through
    # ``mine``: without the lease, a slow process could overwrite a newer token with one that is used up.
    row = mine.select_related("user").first()
    if row is None:
        return
    client = get_client(credentials_in(config))
    grant = None if row.kept_until else _ask_for_grant(row, mine, client, config)
    if grant is None:
        _keep_without_token(row, mine, client)
    else:
        _save_grant(grant, row, mine, config)
    outage.note_success()


def _ask_for_grant(row: WorkOSSession, mine: Lease, client: Client, config: RuntimeConfig) -> Grant | None:
    """Return the grant for the session's refresh token.

    Return ``None`` if an earlier call used up the token, but the answer to that call was lost.
    """
    token = unseal(row.refresh_token, config)
    if token is None:
        raise Refused("the refresh token cannot be decrypted with any cookie password in the history")

    def keep(successor: Secret) -> None:
        mine.update(refresh_token=seal(successor, config), is_unanswered=False)

    mine.update(is_unanswered=True)  # before the call, because this process may die before the answer comes
    try:
        return client.refresh(token, keep)
    except TokenSpent:
        if not row.is_unanswered:
            raise
    return None


def _save_grant(grant: Grant, row: WorkOSSession, mine: Lease, config: RuntimeConfig) -> None:
    if grant.person.workos_user_id != row.user.workos_user_id:
        raise InvalidToken("the access token belongs to another user")
    people.update(row.user, grant.person)
    # A later answer may leave the impersonator out, so a session stays impersonated.
    begun_by_another = row.is_impersonated or grant.is_impersonated
    columns = facts(grant, config) | {"is_impersonated": begun_by_another}
    mine.update(**columns, refreshing_until=None, retry_at=None)


def _keep_without_token(row: WorkOSSession, mine: Lease, client: Client) -> None:
    """Extend a session that has no refresh token, if WorkOS says that the session is active.

    All extensions together last at most ``KEPT``. Raise ``Refused`` if the session cannot be extended.
    """
    now, workos_user_id = timezone.now(), str(row.user.workos_user_id)
    kept_until = min(row.kept_until or now + KEPT, now + KEPT)  # the clock may have been set back
    try:
        is_active = client.has_session(workos_user_id, row.sid)
    except CredentialsRefused as refusal:
        if refusal.status == HTTPStatus.FORBIDDEN:
            raise Refused(
                "the refresh token is lost, and the API key has no right to read sessions at WorkOS"
            ) from refusal
        raise
    if not is_active or kept_until <= now:
        raise Refused("the refresh token is lost" if is_active else "the session is not active any more")
    people.update(row.user, client.person(workos_user_id))
    times = {"kept_until": kept_until, "granted_at": now, "fresh_until": min(now + LOOK, kept_until)}
    mine.update(refresh_token="", **times, refreshing_until=None, retry_at=None)


def _postpone(mine: Lease, trouble: WorkOSTrouble) -> None:
    outage.note(trouble)
    mine.update(refreshing_until=None, retry_at=timezone.now() + BACKOFF)


def _await_other_refresh(row: WorkOSSession, now: dt.datetime) -> WorkOSSession | None:
    """Wait until another request has refreshed the session, and return the session.

    If the access token expired less than ``GRACE_PERIOD`` ago, return ``row`` without waiting. Also return
    ``row`` if the session was not refreshed within ``LONGEST_WAIT`` seconds. Return ``None`` if the session
    has ended.
    """
    if now - row.fresh_until < GRACE_PERIOD:
        return row
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        release_idle()  # otherwise, many waiting requests could hold all connections of the pool
        time.sleep(POLL_INTERVAL)
        seen = WorkOSSession.objects.filter(pk=row.pk).first()
        if seen is None or seen.refreshing_until is None:
            return seen
    return row
