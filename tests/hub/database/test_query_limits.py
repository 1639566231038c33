"""Each process sets limits for its queries on PostgreSQL, but never in a session that others use (R19)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases.pgbouncer import pooled
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.simultaneous import script

SHOW = """
from django.db import connection, transaction
from hub.postgresql import limits

def show():
    with connection.cursor() as cursor:
        for name in ("lock_timeout", "statement_timeout"):
            cursor.execute(f"SHOW {name}")
            print(cursor.fetchone()[0])
"""
WORKER = """
limits.become_worker(1)
"""
LONG = """
limits.MORE = 0.5
limits.OF_WORKERS = limits._of_process = limits.Limits(lock=3.0, statement=2.0)
with transaction.atomic(), limits.long_statements(), connection.cursor() as cursor:
    cursor.execute("SELECT pg_sleep(3)")
show()
"""
CROWD = """
import threading, time
import psycopg
from django.db import OperationalError

limits.OF_WORKERS = limits.Limits(lock=60.0, statement=60.0)
limits.become_worker(1)
limits._room = room = threading.Semaphore(1)
outcomes = []

def wait(query):
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            outcomes.append("answered")
    except OperationalError as error:
        outcomes.append("other queries of this worker wait" in str(error))
    finally:
        connection.close()

LOCK = "SELECT pg_advisory_xact_lock(4711)"
with psycopg.connect(DIRECT) as holder:  # the first query waits until the second is given up
    holder.execute(LOCK)
    first = threading.Thread(target=wait, args=[LOCK])
    first.start()
    while room._value:
        time.sleep(0.01)
    wait(LOCK)
first.join()
print(outcomes)
wait("SELECT pg_sleep(1.5)")
print(outcomes[-1])
"""


@pytest.fixture(scope="module")
def hub(postgresql_server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """Give a hub on PostgreSQL before its first start."""
    return HubProcess(tmp_path_factory.mktemp("hub") / "hub", database_url=postgresql_server.new_database())


@pytest.fixture(scope="module")
def behind_a_pooler(hub: HubProcess, postgresql_server: PostgreSQL) -> Iterator[str]:
    """Give a URL that leads to the hub's database through a pooler."""
    with pooled(postgresql_server, str(hub.database_url)) as url:
        yield url


def test_a_command_waits_for_no_lock_for_long_and_has_no_other_limit(hub: HubProcess) -> None:
    assert script(hub, SHOW + "show()").split() == ["10s", "0"]


def test_a_worker_limits_every_statement(hub: HubProcess) -> None:
    assert script(hub, SHOW + WORKER + "show()").split() == ["3s", "6s"]


def test_the_limits_in_the_url_stay(hub: HubProcess) -> None:
    url = f"{hub.database_url}?options=-c%20statement_timeout%3D7777ms"
    assert script(hub, SHOW + WORKER + "show()", HUB_DATABASE_URL=url).split() == ["3s", "7777ms"]


LONGEST = """
with connection.cursor() as cursor:
    print(connection.connection.config_app_patience.longest)
"""


@pytest.mark.parametrize(("limit", "longest"), [("20s", "22.0"), ("0", "inf"), ("1500ms", "3.5")])
def test_a_worker_waits_longer_if_the_url_says_so(hub: HubProcess, limit: str, longest: str) -> None:
    url = f"{hub.database_url}?options=-c%20statement_timeout%3D{limit}"
    assert script(hub, SHOW + WORKER + LONGEST, HUB_DATABASE_URL=url) == longest


def test_a_session_behind_a_pooler_keeps_its_limits(hub: HubProcess, behind_a_pooler: str) -> None:
    assert script(hub, SHOW + WORKER + "show()", HUB_DATABASE_URL=behind_a_pooler).split() == ["0", "0"]


def test_a_restore_may_have_long_statements(hub: HubProcess) -> None:
    assert script(hub, SHOW + LONG).split() == ["3s", "2s"]


@pytest.mark.parametrize("is_pooled", [False, True])
def test_the_next_query_that_would_wait_is_given_up_at_once(
    hub: HubProcess, behind_a_pooler: str, is_pooled: bool
) -> None:
    url = behind_a_pooler if is_pooled else str(hub.database_url)
    found = script(hub, f"DIRECT = {hub.database_url!r}\n{SHOW}{CROWD}", HUB_DATABASE_URL=url)
    assert found.splitlines() == ["[True, 'answered']", "answered"]
