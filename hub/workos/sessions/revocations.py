"""Read WorkOS's events, so that a session that was ended at WorkOS ends in the hub within a minute.

The hub requests the events over TLS, so no one can forge or replay an event. The hub does not use a webhook,
because strangers could send forged or old events to the webhook, and because WorkOS may not reach the hub.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Min, Q
from django.utils import timezone

from config_app.problems import Problem
from hub.models import WorkOSEvents, WorkOSSession
from hub.runtime_config import RuntimeConfig
from hub.workos.remote import outage
from hub.workos.remote.client import Client, get_client
from hub.workos.remote.credentials import credentials_in
from hub.workos.remote.errors import CredentialsRefused, Rejected, WorkOSTrouble

logger = logging.getLogger("hub")

INTERVAL = dt.timedelta(seconds=20)
"""The time between two requests for events, counted over all processes of the hub."""
SESSION_ENDED, USER_GONE = "session.revoked", "user.deleted"
PAGE, PAGES = 100, 20
FORGOTTEN = dt.timedelta(days=14)
"""If the last request for events is longer ago than this, the hub drops the cursor.

WorkOS keeps events only for 30 days, so WorkOS may not know the event of an older cursor any more.
"""
SKEW = dt.timedelta(hours=2)
ROW = 1
REFUSED = "WorkOS does not let the hub read events, so sessions that WorkOS ends can end late in the hub"
ALLOWED = "WorkOS lets the hub read events again"

_next_look = 0.0


def follow(config: RuntimeConfig) -> None:
    """Read the new events at WorkOS, and end the sessions that WorkOS has ended.

    Do nothing if any process read events less than ``INTERVAL`` ago, or if a call to WorkOS has just failed.
    Only requests of signed-in people call this function.
    """
    global _next_look  # noqa: PLW0603 - one value for this process
    if time.monotonic() < _next_look or outage.is_recent():
        return
    _next_look = time.monotonic() + INTERVAL.total_seconds()
    events = _next_position()
    if events is None:
        return
    try:
        _read_events(events, get_client(credentials_in(config)))
    except (CredentialsRefused, Rejected) as error:
        _handle_refusal(events, error)
    except WorkOSTrouble as trouble:
        outage.note(trouble)
    else:
        _note_refused(events, False)


def _handle_refusal(events: WorkOSEvents, error: CredentialsRefused | Rejected) -> None:
    """If WorkOS rejects the cursor, drop the cursor. Otherwise record why the hub cannot read the events."""
    # A cursor is rejected if, for example, it belongs to another WorkOS environment.
    if isinstance(error, Rejected) and events.cursor:
        logger.warning("WorkOS rejected the cursor, so the hub reads all events again: %s", error)
        WorkOSEvents.objects.filter(pk=ROW).update(cursor="")
    elif error.status == HTTPStatus.FORBIDDEN or isinstance(error, Rejected):
        _note_refused(events, True)
    else:
        outage.note(error)  # the credentials are wrong for every request


def _note_refused(events: WorkOSEvents, is_refused: bool) -> None:
    if events.is_refused != is_refused:
        WorkOSEvents.objects.filter(pk=ROW).update(is_refused=is_refused)
        logger.warning("%s", REFUSED if is_refused else ALLOWED)


def problems() -> list[Problem]:
    """Return a list with a problem if WorkOS does not let the hub read the events.

    Otherwise return an empty list.
    """
    if not WorkOSEvents.objects.filter(is_refused=True).exists():
        return []
    return [
        Problem(
            code="workos_events_refused",
            message="a session that is ended at WorkOS ends late in the hub, because workos_api_key has no "
            "right to read WorkOS's events",
            fix="in the WorkOS dashboard, allow the API key to read events, or set another workos_api_key",
            keys=("workos_api_key",),
        )
    ]


def _next_position() -> WorkOSEvents | None:
    """Record that this process requests events now, and return the row with the cursor.

    Return ``None`` if any process requested events less than ``INTERVAL`` ago.
    """
    global _next_look  # noqa: PLW0603
    now = timezone.now()
    row, is_new = WorkOSEvents.objects.get_or_create(pk=ROW, defaults={"tried_at": now})
    wait = row.tried_at + INTERVAL - now
    if not is_new and dt.timedelta() < wait <= 2 * INTERVAL:  # a longer wait means that a clock was set back
        _next_look = time.monotonic() + wait.total_seconds()
        return None
    unchanged = WorkOSEvents.objects.filter(pk=ROW, tried_at=row.tried_at)
    if not is_new and not unchanged.update(tried_at=now):
        return None
    if now - row.tried_at > FORGOTTEN:
        row.cursor = ""
    return row


def _read_events(events: WorkOSEvents, client: Client) -> None:
    for _page in range(PAGES):
        found = _events_after(events, client)
        _end_sessions(found)
        if found:
            events.cursor = str(found[-1]["id"])
            WorkOSEvents.objects.filter(pk=ROW).update(cursor=events.cursor)
        if len(found) < PAGE:
            return


def _events_after(events: WorkOSEvents, client: Client) -> list[Mapping[str, Any]]:
    place = {"after": events.cursor} if events.cursor else {"range_start": _beginning()}
    answer = client.get("events", events=f"{SESSION_ENDED},{USER_GONE}", order="asc", limit=PAGE, **place)
    data = answer.get("data")
    if not isinstance(data, list) or not all(isinstance(e, dict) and e.get("id") for e in data):
        raise WorkOSTrouble("WorkOS's list of events cannot be parsed")
    return data


def _beginning() -> str:
    """Return a time before the first stored session began, in the format of WorkOS's API (UTC)."""
    # ``SKEW`` allows for a wrong clock, here or at WorkOS.
    oldest = WorkOSSession.objects.aggregate(oldest=Min("signed_in_at"))["oldest"] or timezone.now()
    return (oldest - SKEW).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _end_sessions(events: Iterable[Mapping[str, Any]]) -> None:
    ended = {name: [_id(e) for e in events if e.get("event") == name] for name in (SESSION_ENDED, USER_GONE)}
    over = Q(workos__sid__in=ended[SESSION_ENDED]) | Q(workos__user__workos_user_id__in=ended[USER_GONE])
    count, _ = Session.objects.filter(over).delete()
    if count:
        logger.info("the hub ended sessions that WorkOS had ended: deleted %s rows", count)


def _id(event: Mapping[str, Any]) -> str:
    data = event.get("data")
    return str(data.get("id", "")) if isinstance(data, dict) else ""
