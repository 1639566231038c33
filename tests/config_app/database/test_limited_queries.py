"""A query does not wait for ever for a PostgreSQL server that is silent (R19)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from config_app.database import limited_queries
from config_app.database.limited_queries import NoAnswer, limit_driver
from config_app.database.patience import FixedPatience, runs_project_code
from tests.support.databases.postgresql import PostgreSQL, server
from tests.support.waiting import DEADLINE, wait_for

__all__ = ["server"]  # a fixture

SECONDS = 0.5
LATEST = 20.0
"""The longest time, in seconds, that a query may take on a busy machine."""
SLOW = "SELECT pg_sleep(60)"
ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"


@pytest.fixture
def limited(server: PostgreSQL) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection whose queries wait for ``SECONDS``."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        limit_driver(connection, FixedPatience(SECONDS))
        yield connection


@pytest.fixture
def _cancels_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a server that a busy machine holds up the time to cancel a query; the connection stays open."""
    monkeypatch.setattr(limited_queries, "CANCEL_WITHIN", DEADLINE)


@pytest.fixture
def patient(limited: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Give a connection whose queries may be answered late, as on a busy machine."""
    return become_patient(limited)


def become_patient(connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    limit_driver(connection, FixedPatience(DEADLINE))
    return connection


def give_up(connection: psycopg.Connection[Any], query: str) -> float:
    """Run a query that must be given up, and return its seconds."""
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="has not answered a query for"):
        connection.execute(query.encode())
    return time.monotonic() - began


def test_a_quick_query_is_answered(patient: psycopg.Connection[Any]) -> None:
    assert patient.execute("SELECT 6 * 7").fetchone() == (42,)


@pytest.mark.usefixtures("_cancels_late")
def test_a_query_that_was_given_up_ends_in_the_server_too(
    server: PostgreSQL, limited: psycopg.Connection[Any]
) -> None:
    assert SECONDS <= give_up(limited, SLOW) < LATEST
    assert become_patient(limited).execute("SELECT 6 * 7").fetchone() == (42,)
    with psycopg.connect(server.url("postgres")) as other:
        wait_for(lambda: other.execute(ACTIVE).fetchone() == (0,), "the query to end")


def test_a_server_that_stands_still_is_given_up(server: PostgreSQL, limited: psycopg.Connection[Any]) -> None:
    with server.frozen():
        assert SECONDS <= give_up(limited, "SELECT 1") < LATEST
    assert limited.closed


def test_an_error_of_the_server_stays_an_error_of_the_server(patient: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        patient.execute("SELECT * FROM nowhere")
    with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
        patient.execute("SET statement_timeout = 100; SELECT pg_sleep(60)")


@pytest.mark.usefixtures("_cancels_late")
def test_a_transaction_goes_on_after_a_savepoint(limited: psycopg.Connection[Any]) -> None:
    with limited.transaction():
        with pytest.raises(NoAnswer), limited.transaction():
            limited.execute(SLOW)
        assert become_patient(limited).execute("SELECT 6 * 7").fetchone() == (42,)


def test_notifications_arrive(server: PostgreSQL, patient: psycopg.Connection[Any]) -> None:
    patient.execute("LISTEN here")
    with psycopg.connect(server.url("postgres"), autocommit=True) as other:
        other.execute("NOTIFY here, 'now'")
    assert [found.payload for found in patient.notifies(timeout=DEADLINE, stop_after=1)] == ["now"]


def test_code_of_a_project_may_wait_longer(limited: psycopg.Connection[Any]) -> None:
    with runs_project_code():
        limited.execute(f"SELECT pg_sleep({2 * SECONDS})".encode())
