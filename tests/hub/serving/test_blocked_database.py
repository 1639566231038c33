"""A locked table or a server that stands still stops only the pages that need it (R19)."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.support.databases.postgresql import PostgreSQL, server
from tests.support.event_stream import sign_in
from tests.support.processes.crowd import Crowd
from tests.support.processes.hasty_limits import LOCK_OF_WORKERS, STATEMENT_OF_WORKERS
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import claimed_and_served
from tests.support.soak import times
from tests.support.waiting import wait_for

__all__ = ["server"]  # a fixture

CLIENTS = 24
"""Number of clients whose page needs the locked table. A worker lets fewer queries wait."""
SOON = 6.0
"""Seconds in which another client must have each page, also if this machine stands still for some of them."""
USUALLY = 0.5
"""Seconds in which it must have most pages; a page that needs the locked table waits at least this long."""
LONG = 3.1
"""Seconds after which the doctor reports a lock."""
OTHERS = ("/health/live", "/health/ready", "/static/hub/css/base.css", "/auth/login")
"""Pages that need no query."""
REASONS = ("The database is locked at the moment", "A table is locked")
"""What pages say: the first ones that wait, and those that find too many others waiting."""
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"


@pytest.fixture(scope="module")
def hub(server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a claimed hub that is served by one worker."""
    own = HubProcess(tmp_path_factory.mktemp("hub") / "hub", database_url=server.new_database())
    own.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_database"
    with claimed_and_served(own) as served:
        yield served


@contextlib.contextmanager
def locked(hub: HubProcess, table: str) -> Iterator[None]:
    """Lock a table in the block, as a person does who forgets a transaction."""
    with psycopg.connect(str(hub.database_url)) as forgotten:
        forgotten.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield
        forgotten.rollback()


def backends(hub: HubProcess, server: PostgreSQL) -> int:
    """Return how many connections there are to the hub's database."""
    with psycopg.connect(server.url("postgres")) as other:
        name = str(hub.database_url).rpartition("/")[2]
        return int(other.execute(BACKENDS.encode(), [name]).fetchall()[0][0])


def assert_quick(crowd: Crowd) -> None:
    """Fail if the crowd had to wait. One pause of a busy machine makes only a few of many pages late."""
    assert statistics.median(crowd.times) < USUALLY, str(crowd)
    assert max(crowd.times) < SOON, str(crowd)


def report(what: str, *crowds: Crowd, log: int, most: int = 0) -> None:
    """Print the figures of a test; ``pytest -s`` shows them."""
    print(f"\n{what}:")  # noqa: T201
    for crowd in crowds:
        print(f"  {crowd}")  # noqa: T201
    print(f"  {log} bytes of log, at most {most} connections")  # noqa: T201


@pytest.mark.repeats
def test_a_locked_table_stops_only_the_pages_that_need_it(hub: HubProcess, server: PostgreSQL) -> None:
    cookie, before, began = sign_in(hub), hub.log.stat().st_size, time.monotonic()
    crowd = Crowd(hub, "/", CLIENTS, cookie)
    others = [Crowd(hub, path, 1) for path in OTHERS]
    most = 0
    with ExitStack() as stack, locked(hub, "django_session"):
        for one in (crowd, *others):
            stack.enter_context(one.visiting())
        end = time.monotonic() + times(4, 30)
        assert hub.config("get", "server_workers") == "2"
        while time.monotonic() < end:
            most = max(most, backends(hub, server))
            time.sleep(0.1)
        wait_for(lambda: crowd.answers[503] >= CLIENTS and all(map(crowd.was_told, REASONS)), "both reasons")
    seconds = time.monotonic() - began
    report(f"a lock of {seconds:.1f} s", crowd, *others, log=hub.log.stat().st_size - before, most=most)
    assert not any(one.failures for one in (crowd, *others))
    for one in others:
        assert set(one.answers) == {200}, str(one)
        assert_quick(one)
    assert hub.log.stat().st_size - before < 250 * seconds
    assert max(crowd.times) < LOCK_OF_WORKERS + 2 * SOON
    assert most <= CLIENTS + 10
    assert wait_for(lambda: hub.get("/", Cookie=cookie).status == 200, "the page to be back")


def test_a_locked_configuration_stops_no_page_and_commands_say_why(hub: HubProcess) -> None:
    cookie = sign_in(hub)
    crowd = Crowd(hub, "/", 4, cookie)
    with locked(hub, "system_config"), crowd.visiting():
        began = time.monotonic()
        done = hub.run("config", "get", "server_workers")
        time.sleep(max(0.0, began + LONG - time.monotonic()))
        found = hub.run("config", "doctor").stdout
    assert "has held a lock on system_config for" in found
    assert "SELECT pg_terminate_backend(" in found
    assert done.returncode == 1
    assert "lock" in done.stderr, done.stderr
    assert set(crowd.answers) == {200}, str(crowd)
    assert_quick(crowd)


def test_a_command_that_needs_a_locked_table_names_the_lock(hub: HubProcess) -> None:
    with locked(hub, "django_migrations"):
        done = hub.run("config", "get", "server_workers")
    assert done.returncode == 1
    assert "lock timeout; wait until the process that holds the lock is done" in done.stderr, done.stderr


@pytest.mark.repeats
def test_a_server_that_stands_still_stops_only_the_pages_that_need_it(
    hub: HubProcess, server: PostgreSQL
) -> None:
    cookie, before, began = sign_in(hub), hub.log.stat().st_size, time.monotonic()
    crowd = Crowd(hub, "/", CLIENTS, cookie)
    others = [Crowd(hub, path, 1) for path in OTHERS]
    with ExitStack() as stack, server.frozen():
        for one in (crowd, *others):
            stack.enter_context(one.visiting())
        time.sleep(times(6, 30))  # long enough for the crowd to run into the limits of its queries
        wait_for(lambda: hub.get("/health/ready").status == 503, "the worker to be overdue")
    seconds = time.monotonic() - began
    report(f"a freeze of {seconds:.1f} s", crowd, *others, log=hub.log.stat().st_size - before)
    assert not any(one.failures for one in (crowd, *others))
    assert hub.log.stat().st_size - before < 500 * seconds
    for one in others:
        assert set(one.answers) <= {200, 503 if one is others[1] else 200}, str(one)
        assert_quick(one)
    assert max(crowd.times) < STATEMENT_OF_WORKERS + 3 * SOON
    assert wait_for(lambda: hub.get("/", Cookie=cookie).status == 200, "the page to be back")
    wait_for(lambda: hub.get("/health/ready").status == 200, "the worker to be ready")
