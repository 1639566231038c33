"""A hub of the earlier version, after a newer version has migrated the database it shares (R16)."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from config_app.project import get_project
from hub.housekeeping import remove_outdated
from hub.runtime_config import get_config
from tests.support.browsers.clients import browser
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import owner_of, wait_for_workers
from tests.support.soak import IS_SOAK, times

RECORDED = (
    "INSERT INTO django_migrations (app, name, applied) VALUES ('config_app', '9999_later', '2030-01-01')"
)
ADDITIVE = {
    "a table": ["CREATE TABLE later (id integer PRIMARY KEY, name text NOT NULL)"],
    "a column that may be empty": ["ALTER TABLE config_process ADD COLUMN later text"],
    "a column with a default": ["ALTER TABLE config_revision ADD COLUMN later text NOT NULL DEFAULT ''"],
}
SOME_ADDITIVE = [
    ("sqlite", "a table"),
    ("postgresql", "a column that may be empty"),
    ("sqlite", "a column with a default"),
]
INCOMPATIBLE = {
    "a renamed column": ["ALTER TABLE config_revision RENAME COLUMN reason TO why"],
    "a dropped table": ["DROP TABLE config_confirmation"],
    "a column that needs a value": [
        "ALTER TABLE config_revision ADD COLUMN later text NOT NULL DEFAULT ''",
        "ALTER TABLE config_revision ALTER COLUMN later DROP DEFAULT",
    ],
    "a column that may no longer be empty": [
        "DELETE FROM config_process",
        "ALTER TABLE config_process ALTER COLUMN latency_ms SET NOT NULL",
    ],
}
STOP_IT_ON = {
    "a renamed column": ["sqlite", "postgresql"],
    "a dropped table": ["sqlite", "postgresql"],
    "a column that needs a value": ["postgresql"],  # SQLite has no statement that alters a column
    "a column that may no longer be empty": ["postgresql"],
}
RENAME = "ALTER TABLE hub_webhook_call RENAME COLUMN received_at TO called_at"


def migrate(hub: HubProcess, statements: list[str]) -> None:
    for statement in [*statements, RECORDED]:
        hub.sql(statement)


def ready(hub: HubProcess) -> tuple[int, list[str]]:
    answer = hub.get("/health/ready")
    return answer.status, [problem["code"] for problem in json.loads(answer.text)["problems"]]


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("any_hub_process", "kind"),
    [*itertools.product(("sqlite", "postgresql"), ADDITIVE)] if IS_SOAK else SOME_ADDITIVE,
    indirect=["any_hub_process"],
)
def test_additions_do_not_stop_a_claimed_hub(any_claimed_hub: HubProcess, kind: str) -> None:
    hub = any_claimed_hub
    migrate(hub, ADDITIVE[kind])
    hub.serve(workers=1)
    wait_for_workers(hub, 1)
    hub.config("set", "log_level=debug", "--wait")
    with owner_of(hub) as owner:
        assert owner.get("/api/config").json()["settings"]["log_level"]["value"] == "debug"
    assert ready(hub) == (200, ["newer_schema"])
    warned = hub.run("config", "doctor").stdout
    assert "migrated by a newer version (migrations unknown here: config_app.9999_later)" in warned
    assert "restart this hub with the newer version" in warned
    assert "goes on; restart this hub" in hub.log.read_text()


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("any_hub_process", "kind"),
    [(database, kind) for kind, databases in STOP_IT_ON.items() for database in databases[: times(1, 2)]],
    indirect=["any_hub_process"],
)
def test_other_changes_stop_it(any_claimed_hub: HubProcess, kind: str) -> None:
    hub = any_claimed_hub
    migrate(hub, INCOMPATIBLE[kind])
    for command in (("config", "set", "log_level=debug"), ("bootstrap",)):
        done = hub.run(*command)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert "migrated by a newer version" in done.stderr


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(("change", "severity", "status"), [("", "warning", 200), (RENAME, "error", 503)])
def test_a_running_hub_finds_out_within_a_minute(change: str, severity: str, status: int) -> None:
    for statement in (RECORDED, *filter(None, [change])):
        connection.cursor().execute(statement)
    remove_outdated()  # each process calls this once a minute
    (problem,) = get_project().problems(get_config())
    assert (problem.code, problem.severity) == ("newer_schema", severity)
    assert browser().get("/health/ready").status_code == status


@pytest.mark.repeats
@pytest.mark.parametrize("any_hub_process", ["sqlite", "postgresql"][: times(1, 2)], indirect=True)
def test_an_unclaimed_hub_is_not_ready_and_says_why(any_started_hub: HubProcess) -> None:
    hub = any_started_hub
    hub.serve(workers=1)
    assert ready(hub) == (200, [])
    migrate(hub, [])
    assert hub.get("/setup/").status == 503
    status, codes = ready(hub)
    assert (status, "newer_schema" in codes) == (503, True)
    hub.sql("DELETE FROM django_migrations WHERE name = '9999_later'")
    assert ready(hub) == (200, [])
    assert hub.get("/setup/").status == 200


def test_an_unclaimed_hub_is_not_ready_while_its_pages_are_unavailable(started_hub: HubProcess) -> None:
    started_hub.serve(workers=1)
    started_hub.sql("DELETE FROM django_migrations WHERE app = 'setup_wizard'")
    assert started_hub.get("/setup/").status == 503
    assert ready(started_hub) == (503, ["unavailable"])


def test_a_migration_waits_until_others_are_done_with_a_table(
    postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql_server.new_database()
    with HubProcess(tmp_path / "other", database_url=url) as hub:
        hub.bring_up()
        hub.manage("migrate", "setup_wizard", "0002", "-v", "0")
        with psycopg.connect(url) as reader:
            reader.execute("LOCK TABLE setup_draft IN ACCESS SHARE MODE")
            threading.Timer(1.5, reader.rollback).start()
            hub.manage("bootstrap")
        assert hub.sql("SELECT 1 FROM django_migrations WHERE name = '0003_defaults_in_the_database'")
