"""Server-sent events, one for each revision.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections

from config_app.errors import ConfigError
from config_app.live import feed, runtime
from config_app.store import timeline

logger = logging.getLogger("hub")

T = TypeVar("T")

HEARTBEAT = 15.0
"""After this many seconds without an event, send a comment and check the client's rights again."""
MAX_STREAMS = 100
"""The maximum number of streams that one process serves at the same time."""
MAX_REPLAY = 500
"""If a client has missed more revisions than this number, the client must read the configuration again."""
RETRY_MS = 3000
"""How many milliseconds a client waits before it connects again."""


def is_full() -> bool:
    """Return whether this process serves ``MAX_STREAMS`` streams, so that it cannot serve another stream."""
    return feed.count() >= MAX_STREAMS


async def stream(may_listen: Callable[[], bool], last: int | None) -> AsyncIterator[str]:
    """Yield the text of each event after revision ``last``.

    If ``last`` is ``None``, begin after the current revision. The stream ends if ``may_listen`` returns
    false, if the database is unreachable, or if the server stops.
    """
    await _free_thread()
    if is_full():  # other clients have connected since the view checked
        yield _opening(last)
        return
    with feed.follow() as subscription:
        last = _current_revision() if last is None else last
        yield _opening(last)
        is_news = True
        while not feed.is_closed():
            news = await _in_thread(functools.partial(_look, may_listen, last))
            if news is None:
                return
            for number, text in news:
                last = number
                yield text
            if not is_news:
                yield ": heartbeat\n\n"
            is_news = await subscription.wait(HEARTBEAT)


def _current_revision() -> int:
    return runtime.get_snapshot().revision


def _opening(last: int | None) -> str:
    """Return the first lines of a stream: the retry time and, if known, the id of the last revision."""
    # With the id, a client that loses the connection before any event still resumes at the right revision.
    known = "" if last is None else f"id: {last}\n"
    return f"retry: {RETRY_MS}\n{known}\n"


def _look(may_listen: Callable[[], bool], last: int) -> list[tuple[int, str]] | None:
    """Return the events after revision ``last`` as pairs of a revision's number and the event's text.

    Return ``None`` if the stream must end: ``may_listen`` returned false, or an error occurred.
    """
    try:
        if not may_listen():
            return None
        return _messages_since(last)
    except ConfigError as error:
        logger.warning("an event stream was ended: %s", error)
        return None
    finally:
        connections.close_all()


def _messages_since(last: int) -> list[tuple[int, str]]:
    number = _current_revision()
    if number == last or (number < last and timeline.last_number() >= last):
        return []  # the client is up to date, or it got a newer revision from another process
    if not 0 < number - last <= MAX_REPLAY:
        return [(number, _message(number, {"revision": number}, kind="resync"))]
    events = timeline.events_between(last, number, MAX_REPLAY)
    return [(event.revision, _message(event.revision, event.as_json())) for event in events]


def _message(number: int, data: dict[str, object], kind: str = "") -> str:
    """Return the text of one event. If ``kind`` is empty, the client sees the default type, ``message``."""
    event = f"event: {kind}\n" if kind else ""
    return f"{event}id: {number}\ndata: {json.dumps(data)}\n\n"


async def _free_thread() -> None:
    """Close the database connections of the thread that ran the middleware, and end this thread."""
    # A stream can last for hours and needs neither this connection nor this thread.
    await sync_to_async(_close_connections)()
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor is not None:
        executor.shutdown(wait=False)


def _close_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # tests run inside a transaction
            connection.close()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Return the thread pool in which the streams of this process query the database."""
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="events")


async def _in_thread(job: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads(), job)
