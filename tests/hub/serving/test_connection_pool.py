"""The requests of a worker share a pool of connections to PostgreSQL (R20)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from hub.postgresql import limits
from tests.support.databases.pgbouncer import pooled
from tests.support.databases.postgresql import PostgreSQL, server
from tests.support.event_stream import sign_in
from tests.support.processes.crowd import Crowd
from tests.support.processes.hasty_limits import PATIENCE, WAIT_FOR_POOL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import claimed_and_served, wait_for_workers, workers
from tests.support.processes.simultaneous import script
from tests.support.soak import times
from tests.support.waiting import wait_for

__all__ = ["server"]  # a fixture

CLIENTS = 24
ROUNDS = times(4, 20)
SMALL = 2
"""The size of a pool that a lost connection would soon exhaust, and that closes soon."""
OPENED = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
OPEN = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
AND application_name <> 'config_app watcher' AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def hub(server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a claimed hub that is served by one worker."""
    folder = tmp_path_factory.mktemp("hub") / "hub"
    with claimed_and_served(hasty(folder, server.new_database())) as running:
        yield running


def hasty(folder: Path, url: str) -> HubProcess:
    """Return a hub on PostgreSQL whose pool soon closes connections."""
    hub = HubProcess(folder, database_url=url)
    hub.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_pool"
    return hub


def number(hub: HubProcess, query: str) -> int:
    return int(hub.sql(query)[0][0])


def fetch(hub: HubProcess, cookie: str, count: int) -> list[int]:
    """Request the dashboard ``count`` times, with several requests at once; return the statuses."""
    with ThreadPoolExecutor(CLIENTS) as callers:
        return list(callers.map(lambda _: hub.get("/", Cookie=cookie).status, range(count)))


def open_connections(hub: HubProcess, cookie: str, *, least: int, most: int) -> None:
    """Request pages until enough connections are open; the pool may close some before one looks."""

    def is_enough() -> bool:
        assert fetch(hub, cookie, CLIENTS) == [200] * CLIENTS
        found = number(hub, OPEN)
        assert found <= most
        return found >= least

    wait_for(is_enough, f"{least} connections to stay open")


@pytest.mark.repeats
def test_pages_share_a_few_connections_which_close_when_they_are_not_needed(hub: HubProcess) -> None:
    cookie = sign_in(hub)
    before, count = number(hub, OPENED), ROUNDS * CLIENTS
    assert fetch(hub, cookie, count) == [200] * count
    found = number(hub, OPEN)
    assert found <= limits.LARGEST_POOL
    wait_for(lambda: number(hub, OPENED) > before, "the statistics")
    assert number(hub, OPENED) - before < count / 4
    left = times(max(found - 1, 0), 0)  # the pool closes one connection after the other
    wait_for(lambda: number(hub, OPEN) <= left, "some to be closed", 4 * limits.LARGEST_POOL)


@pytest.mark.repeats
def test_a_server_that_restarts_costs_no_page(hub: HubProcess, server: PostgreSQL) -> None:
    cookie = sign_in(hub)
    for _ in range(times(1, 20)):
        open_connections(hub, cookie, least=2, most=limits.LARGEST_POOL)
        server.stop("fast")
        server.start()
        assert fetch(hub, cookie, CLIENTS) == [200] * CLIENTS


def test_a_server_that_is_away_is_reported_at_once_with_the_reason(
    hub: HubProcess, server: PostgreSQL
) -> None:
    cookie = sign_in(hub)
    assert fetch(hub, cookie, CLIENTS) == [200] * CLIENTS
    server.stop("fast")
    try:
        began = time.monotonic()
        assert fetch(hub, cookie, CLIENTS) == [503] * CLIENTS
        # After this time, psycopg's pool would give up by itself.
        assert time.monotonic() - began < PATIENCE
        said = hub.log.read_text()
    finally:
        server.start()
    assert "Connection refused" in said
    assert "psycopg.pool" not in said
    assert fetch(hub, cookie, CLIENTS) == [200] * CLIENTS


@pytest.mark.repeats
def test_clients_that_go_away_take_no_connection_along(
    server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = server.new_database()
    own = hasty(tmp_path_factory.mktemp("left") / "hub", url)
    with claimed_and_served(own, HUB_DATABASE_URL=f"{url}?pool={SMALL}"):
        cookie = sign_in(own)
        request = f"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
        for moment in range(0, 100, times(25, 1)):
            lines = [socket.create_connection(("127.0.0.1", own.port)) for _ in range(CLIENTS)]
            for line in lines:
                line.sendall(request)
            time.sleep(moment * 0.003)
            for line in lines:
                line.close()
        wait_for(lambda: number(own, OPEN) == 0, "all connections to be given back", 30 * SMALL)
        assert fetch(own, cookie, SMALL) == [200] * SMALL


PAGE = """
import threading
from django.db import connection, connections
from django.http import HttpResponse
from django.test import RequestFactory
from hub.postgresql import limits, pool
from hub.postgresql.release import release_connections

def page(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pids.append(cursor.fetchone()[0])
    if request.GET:
        raise LookupError
    return HttpResponse()

def visit(query):
    try:
        release_connections(page)(RequestFactory().get("/", query))
    except LookupError:
        pass
    print(connection.connection)
pids = []
pool.IDLE = 600.0  # it must not close the connection between the two visits
limits.become_worker(1)
for query in ({}, {"fails": "yes"}):
    visitor = threading.Thread(target=visit, args=[query])
    visitor.start()
    visitor.join()
print(len(set(pids)))
connection.close_pool()
"""


def test_a_connection_goes_back_before_the_client_reads_the_response(hub: HubProcess) -> None:
    assert script(hub, PAGE).split() == ["None", "None", "1"]


WAITS = """
from django.db import connection, transaction
from hub.auth import hashing
from hub.postgresql import limits
from hub.postgresql.pool import WAIT
from hub.workos.remote import transport

limits.become_worker(1)

def show(*_arguments):
    print(connection.connection is None)

hashing.PBKDF2PasswordHasher.encode = transport._Call.answer_within = show
for wait in (
    lambda: hashing.QueuedHasher().encode("password", "salt"),
    lambda: transport.BoundedTransport().request("GET", "https://api.example.com"),
):
    for surroundings in (contextlib.nullcontext(), transaction.atomic()):
        with surroundings:
            connection.ensure_connection()
            wait()
connection.close()
connection.close_pool()
"""


def test_a_page_that_waits_for_something_else_holds_no_connection(hub: HubProcess) -> None:
    found = script(hub, "import contextlib\n" + WAITS)
    assert found.split() == ["True", "False"] * 2


@pytest.mark.repeats
def test_each_worker_has_a_pool_of_its_own(hub: HubProcess) -> None:
    hub.stop()
    hub.serve(workers=3)
    wait_for_workers(hub, 3)
    try:
        assert len(workers(hub)) == 3
        cookie = sign_in(hub)
        count = times(2, 20) * CLIENTS
        assert fetch(hub, cookie, count) == [200] * count
        assert number(hub, OPEN) <= limits.POOLS_OF_MACHINE
    finally:
        hub.stop()
        assert "Traceback" not in hub.log.read_text()
        assert "Warning" not in hub.log.read_text()
        hub.serve(workers=1)
        wait_for_workers(hub, 1)


def keep_locked_until_told(hub: HubProcess, reason: str) -> None:
    """Lock a table that a page needs until one of many clients who request the page is told ``reason``."""
    crowd = Crowd(hub, "/", CLIENTS, sign_in(hub))
    with psycopg.connect(str(hub.database_url)) as forgotten:
        forgotten.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
        with crowd.visiting():
            wait_for(lambda: crowd.was_told(reason), "a page to give up")
            forgotten.rollback()


def test_a_size_in_the_url_counts_and_a_full_pool_is_reported(
    server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = server.new_database()
    own = hasty(tmp_path_factory.mktemp("small") / "hub", url)
    sized, impatient = f"{url}?pool=2&conn_max_age=60", "tests.support.processes.hasty_database"
    with claimed_and_served(own, HUB_DATABASE_URL=sized):
        open_connections(own, sign_in(own), least=1, most=2)
        own.stop()
        own.serve(workers=1, HUB_DATABASE_URL=sized, DJANGO_SETTINGS_MODULE=impatient)
        keep_locked_until_told(own, "All connections to the database are in use")
        waited = f"2 database connections of this worker have been in use for {WAIT_FOR_POOL:g} seconds"
        assert waited in own.log.read_text()


def test_the_doctor_warns_if_the_pools_may_need_too_many_connections(hub: HubProcess) -> None:
    fine = hub.config("doctor")
    assert f"may open {limits.LARGEST_POOL + 2} connections, and PostgreSQL allows 97" in fine
    assert "set max_connections" not in fine
    found = hub.run("config", "doctor", HUB_DATABASE_URL=f"{hub.database_url}?pool=100").stdout
    assert "may open 102 connections" in found
    assert "set max_connections to 112 in postgresql.conf, or a smaller pool=N in the URL" in found


def test_without_a_pool_each_page_opens_a_connection(
    server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = server.new_database()
    own = hasty(tmp_path_factory.mktemp("none") / "hub", url)
    with claimed_and_served(own, HUB_DATABASE_URL=f"{url}?pool=0"):
        cookie, before = sign_in(own), number(own, OPENED)
        assert fetch(own, cookie, CLIENTS) == [200] * CLIENTS
        wait_for(lambda: number(own, OPENED) - before >= CLIENTS, "the statistics")


@pytest.mark.repeats
def test_a_pool_works_in_front_of_a_pooler(
    server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = server.new_database()
    own = hasty(tmp_path_factory.mktemp("pooled") / "hub", url)
    own.claim()
    with pooled(server, url) as through, own:
        own.serve(workers=1, HUB_DATABASE_URL=through)
        count = times(2, 5) * CLIENTS
        assert fetch(own, sign_in(own), count) == [200] * count


@pytest.mark.parametrize("option", ["yes", "-1", "1000", "1.5"])
def test_a_size_that_is_none_is_refused(tmp_path_factory: pytest.TempPathFactory, option: str) -> None:
    own = HubProcess(tmp_path_factory.mktemp("wrong") / "hub")
    done = own.run("config", "show", HUB_DATABASE_URL=f"postgres://hub@127.0.0.1:1/hub?pool={option}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: HUB_DATABASE_URL: the option pool is not valid; write pool=N")


WITHOUT_TURNS = """
from django.core.handlers.asgi import ASGIHandler
from hub import asgi
print(isinstance(asgi._django(), ASGIHandler))
"""


def test_on_a_database_server_no_request_waits_for_a_turn(hub: HubProcess) -> None:
    assert script(hub, WITHOUT_TURNS) == "True"
