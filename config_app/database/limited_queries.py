"""Limits how long a query on PostgreSQL waits for the server, also for a server that no longer answers.

PostgreSQL's own ``statement_timeout`` is not enough. A server that stands still measures no time, and behind
a transaction pooler, a parameter of the session may take effect in the session of another client.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Generator
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from config_app.database.patience import Patience

CANCEL_WITHIN = 1.0
"""How many seconds the server has to cancel a query. After that, the connection is closed."""
_PATIENCE = "config_app_patience"
"""The attribute that holds the ``Patience`` of a connection of Django or of psycopg."""


class NoAnswer(psycopg.OperationalError):
    """The server has not answered a query in time. The query was cancelled, or its connection was closed."""

    sqlstate = "57014"  # query_canceled, as after PostgreSQL's own timeouts


def limit(wrapper: BaseDatabaseWrapper, patience: Patience) -> None:
    """Limit the queries of a connection of Django, also after Django has connected again.

    If a query is given up, Django raises ``OperationalError``.
    """
    setattr(wrapper, _PATIENCE, patience)
    if wrapper.connection is not None:
        limit_driver(wrapper.connection, patience)


def _limit_again(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    if (patience := getattr(connection, _PATIENCE, None)) is not None:
        limit_driver(connection.connection, patience)


connection_created.connect(_limit_again, dispatch_uid="config_app.database.patience")


def limit_driver(server: Any, patience: Patience) -> None:
    """Limit the queries of psycopg's connection ``server``. If a query is given up, raise ``NoAnswer``."""
    if not hasattr(server, _PATIENCE):
        server.__class__ = _limited(type(server))  # type: ignore[arg-type]  # a class is hashable
    setattr(server, _PATIENCE, patience)


@functools.cache
def _limited(kind: Any) -> Any:
    """Return a subclass of the driver's connection class that limits how long a query waits."""

    def wait(self: Any, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        return kind.wait(self, _until_given_up(self, gen), *args, **kwargs)

    return type(kind.__name__, (kind,), {"wait": wait})


def _until_given_up(server: Any, query: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Run ``query``, which yields whenever it waits for the server, and return its result.

    The driver sends 0 to the generator if the server was silent for a tenth of a second.
    """
    patience: Patience = getattr(server, _PATIENCE)
    heard_at, was_silent = time.monotonic(), False
    try:
        wanted = next(query)
        while True:
            if ready := (yield wanted):
                heard_at = time.monotonic()
            else:
                was_silent = True
                if reason := patience.reason_to_give_up(time.monotonic() - heard_at):
                    return (yield from _give_up(server, query, wanted, reason))
            wanted = query.send(ready)
    except StopIteration as done:
        return done.value
    finally:
        if was_silent:
            patience.end()


def _give_up(
    server: psycopg.Connection[Any], query: Generator[Any, Any, Any], wanted: Any, reason: str
) -> Generator[Any, Any, Any]:
    """Cancel the query. If the server does not react, close the connection. Raise ``NoAnswer``."""
    # Without the cancellation, the server would go on waiting for a lock that no client needs any more. An
    # old libpq cannot limit how long a cancellation takes.
    if psycopg.capabilities.has_cancel_safe():
        end = time.monotonic() + CANCEL_WITHIN
        with contextlib.suppress(psycopg.Error):
            server.cancel_safe(timeout=CANCEL_WITHIN)
        try:
            while time.monotonic() < end:
                wanted = query.send((yield wanted))
        except StopIteration as done:
            return done.value
        except psycopg.errors.QueryCanceled:
            raise NoAnswer(reason) from None
    server.close()
    raise NoAnswer(reason)
