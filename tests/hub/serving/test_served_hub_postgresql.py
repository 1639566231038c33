"""The database server of a served hub stops, cuts connections or sends no notifications (R3, R5)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.support.databases.postgresql import PostgreSQL, server
from tests.support.processes.hasty_limits import OVERDUE
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import (
    ask_every_worker,
    claimed_and_served,
    owner_of,
    wait_until_used_everywhere,
)
from tests.support.processes.simultaneous import script
from tests.support.waiting import wait_for
from tests.support.ways_to_change import EDITOR, fields_of

__all__ = ["server"]  # a fixture

WORKERS = 2
PAUSE = 0.2
"""Seconds between two questions to every worker."""
LISTENERS = "FROM pg_stat_activity WHERE application_name = 'config_app watcher'"


@pytest.fixture(scope="module")
def served(server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a claimed hub that is served by two workers."""
    own = HubProcess(tmp_path_factory.mktemp("hub") / "hub", database_url=server.new_database())
    own.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_database"
    with claimed_and_served(own, workers=WORKERS) as served:
        yield served


@pytest.fixture
def hub(served: HubProcess) -> HubProcess:
    """Return this hub when every process has recovered and uses what the previous test has left."""
    wait_until_used_everywhere(served)
    wait_for(lambda: is_quiet(served), "every process to hold one connection")
    wait_for(lambda: none_stale(served), "every worker to recover", pause=PAUSE)
    return served


numbers = itertools.count(1)


def change(hub: HubProcess, *options: str) -> None:
    """Set a setting to a value that no test has used before."""
    hub.config("set", f"csp_report_uri=https://csp.example/{next(numbers)}", *options)


def last_revision(hub: HubProcess) -> int:
    return int(hub.sql("SELECT max(number) FROM config_revision")[0][0])


def signed(hub: HubProcess) -> set[int]:
    """Return the revisions in the receipts of the hub's own processes."""
    return {n for (n,) in hub.sql("SELECT revision FROM config_process WHERE instance <> 'twin'")}


def is_quiet(hub: HubProcess) -> bool:
    """Return whether the master and each worker hold one connection, on which they listen, and no other."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    # Both numbers come from one query. With two queries, a watcher could be without a connection at the first
    # one, while a request of its process has one: the sum would look right.
    query = f"SELECT ({others} AND pid <> pg_backend_pid()), (SELECT count(*) {LISTENERS})"
    return hub.sql(query) == [(WORKERS + 1, WORKERS + 1)]


def none_stale(hub: HubProcess) -> bool:
    """Return whether the configuration of every worker is current."""
    return all(report["stale_since"] is None for report in ask_every_worker(hub, WORKERS).values())


def all_stale(hub: HubProcess) -> list[dict[str, Any]] | None:
    """Return the health reports of all workers if all of them report stale configuration; else ``None``."""
    reports = list(ask_every_worker(hub, WORKERS).values())
    return reports if all(report["stale_since"] for report in reports) else None


def test_the_last_good_configuration_stays_writes_are_refused_and_all_recovers(
    hub: HubProcess, server: PostgreSQL
) -> None:
    with owner_of(hub) as owner:
        fields = fields_of(owner.get(EDITOR).text)
        before = hub.health()["revision"]
        server.stop()
        try:
            for report in wait_for(lambda: all_stale(hub), "every worker to notice", pause=PAUSE):
                assert (report["state"], report["revision"]) == ("configured", before)
                assert report["problems"][0]["code"] == "unavailable"
            done = hub.run("config", "set", "log_level=debug")
            assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (1, 1, "")
            assert done.stderr.startswith("error: the database is unavailable: ")
            page = owner.post(EDITOR, data=fields | {"log_level": "debug"})
            assert page.status_code == 503
            assert "The database cannot be used at the moment" in page.text
            assert "retry-after" in page.headers
        finally:
            server.start()
        wait_for(lambda: none_stale(hub), "every worker to recover", pause=PAUSE)
        assert owner.get(EDITOR).status_code == 200
    assert hub.health()["revision"] == before
    change(hub, "--wait")
    assert "Traceback" not in hub.log.read_text()


def test_a_server_that_stands_still_makes_every_worker_unready(hub: HubProcess, server: PostgreSQL) -> None:
    with server.frozen():
        wait_for(lambda: hub.get("/health/ready").status == 503, "a worker to notice")
        reports = wait_for(lambda: all_stale(hub), "every worker to notice", pause=PAUSE)
        for report in reports:
            assert report["problems"][0]["code"] == "unavailable"
            assert report["config_age_s"] > OVERDUE
    wait_for(lambda: hub.get("/health/ready").status == 200, "a worker to recover")


def test_a_process_holds_one_connection_while_nothing_happens(hub: HubProcess) -> None:
    hub.health()
    wait_for(lambda: is_quiet(hub), "it to be quiet")


def test_a_listener_that_is_cut_off_listens_again_at_once(hub: HubProcess) -> None:
    said = len(hub.log.read_text())
    hub.sql(f"SELECT pg_terminate_backend(pid) {LISTENERS}")
    change(hub, "--wait")
    wait_for(lambda: hub.sql(f"SELECT count(*) {LISTENERS}") == [(WORKERS + 1,)], "all to listen")
    assert "the last good configuration is still used" not in hub.log.read_text()[said:]


def test_a_notification_that_is_lost_does_no_harm(hub: HubProcess) -> None:
    hub.sql("ALTER TABLE config_state DISABLE TRIGGER config_state_notifies")
    try:
        change(hub)
        wait_for(lambda: signed(hub) == {last_revision(hub)}, "every process to look by itself")
    finally:
        hub.sql("ALTER TABLE config_state ENABLE TRIGGER config_state_notifies")


def test_a_transaction_that_somebody_forgot_is_named_and_holds_nobody_up_for_ever(hub: HubProcess) -> None:
    with owner_of(hub) as owner, psycopg.connect(str(hub.database_url)) as forgotten:
        fields = fields_of(owner.get(EDITOR).text)
        forgotten.execute("UPDATE system_config SET config_value = '9001' WHERE config_key = 'port'")
        with ThreadPoolExecutor() as pool:
            saving = pool.submit(owner.post, EDITOR, data=fields | {"log_level": "debug"})
            done = hub.run("config", "set", "log_level=debug")
            page = saving.result()
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "error: the database is unavailable: another transaction has held the lock on the configuration "
            "for too long; try again, or end the transaction that is still open in a database client\n"
        )
        assert "another transaction has held the lock" in page.text
        assert hub.health()["stale_since"] is None
        forgotten.rollback()
        assert owner.post(EDITOR, data=fields | {"log_level": "debug"}).status_code == 302


UNCONFIRMED = """
from config_app.api import plan
print(plan({"csp_report_uri": "https://unconfirmed.example.com"}).apply(confirm_within=1.0).number)
"""


def test_what_is_overdue_is_reverted_once_such_a_transaction_ends(hub: HubProcess) -> None:
    with psycopg.connect(str(hub.database_url)) as forgotten:
        number = int(script(hub, UNCONFIRMED))
        forgotten.execute("UPDATE system_config SET updated_at = now() WHERE config_key = 'database_path'")
        if last_revision(hub) == number:  # unless it was reverted before the transaction began
            wait_for(lambda: "could not be reverted yet" in hub.log.read_text(), "an attempt to revert")
        assert {r["stale_since"] for r in ask_every_worker(hub, WORKERS).values()} == {None}
        forgotten.rollback()
    wait_for(lambda: "unconfirmed" not in hub.config("get", "csp_report_uri"), "the revert")


TWINS = """
INSERT INTO config_process
    (instance, machine, pid, role, revision, since, started_at, seen_at, pins, pending, error)
SELECT 'twin', machine, pid, role, revision, since, started_at, seen_at, pins, pending, error
FROM config_process
"""


def test_a_container_with_the_same_name_and_numbers_is_another_process(hub: HubProcess) -> None:
    before = last_revision(hub)
    wait_for(lambda: signed(hub) == {before}, "the processes to sign")
    hub.sql(TWINS)
    try:
        change(hub)
        wait_for(lambda: signed(hub) == {before + 1}, "the processes to sign")
        twins = hub.sql("SELECT revision FROM config_process WHERE instance = 'twin'")
        assert twins == [(before,)] * (WORKERS + 1)
    finally:
        hub.sql("DELETE FROM config_process WHERE instance = 'twin'")
