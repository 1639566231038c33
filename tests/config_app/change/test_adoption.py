"""Changes by raw SQL become one revision, recorded by the first process that notices them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config_app import store
from config_app.api import get_config, plan
from config_app.change.adoption import adopt_now, unrecorded
from config_app.errors import StaleRevision
from config_app.live import runtime
from config_app.models import Change, Revision
from config_app.presentation.changes import change_rows
from config_app.propagation import watching
from tests.support.databases.in_process import ONLY_SQLITE
from tests.support.databases.raw_sql import client, raw_sql, set_row
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.simultaneous import crew
from tests.support.waiting import wait_for

STATEMENTS: dict[str, Any] = {
    "insert": "INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')",
    "insert of several": "INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001'), "
    "('log_level', 'debug')",
    "update": "UPDATE system_config SET config_value = '9001' WHERE config_key = 'server_workers'",
    "update of all": "UPDATE system_config SET config_value = config_value || ' '",
    "delete": "DELETE FROM system_config WHERE config_key = 'server_workers'",
    "replace": pytest.param(
        "REPLACE INTO system_config (config_key, config_value) VALUES ('server_workers', '4')",
        marks=ONLY_SQLITE,
    ),
    "upsert": "INSERT INTO system_config (config_key, config_value) VALUES ('server_workers', '4') "
    "ON CONFLICT (config_key) DO UPDATE SET config_value = excluded.config_value",
    "transaction": "BEGIN; UPDATE system_config SET config_value = '4' WHERE config_key = 'server_workers'; "
    "INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001'); COMMIT",
    "there and on": "UPDATE system_config SET config_value = '4' WHERE config_key = 'server_workers'; "
    "UPDATE system_config SET config_value = '5' WHERE config_key = 'server_workers'",
    "renamed": "UPDATE system_config SET config_key = 'port' WHERE config_key = 'server_workers'",
}
NOTHING = {
    "rolled back": "BEGIN; UPDATE system_config SET config_value = '4'; ROLLBACK",
    "the same again": "UPDATE system_config SET config_value = config_value",
    "there and back": "UPDATE system_config SET config_value = '4' WHERE config_key = 'server_workers'; "
    "UPDATE system_config SET config_value = '3' WHERE config_key = 'server_workers'",
    "nothing found": "DELETE FROM system_config WHERE config_key = 'nothing'",
}


@pytest.fixture
def _install(transactional_db: None, install: None) -> None:
    plan({"server_workers": 3}).apply()


in_process = pytest.mark.usefixtures("_install")


def revisions(channel: str = "sql") -> list[Revision]:
    return list(Revision.objects.filter(channel=channel))


def changes() -> list[tuple[object, ...]]:
    return list(
        Change.objects.filter(revision__channel="sql").values_list("key", "old_value", "new_value", "refused")
    )


@in_process
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_write_in_sql_becomes_one_revision(statement: str) -> None:
    raw_sql(statement)
    assert store.read().drifted
    for _ in range(3):
        adopt_now()
    assert len(revisions()) == 1
    assert not store.read().drifted


@in_process
@pytest.mark.parametrize("statement", NOTHING.values(), ids=NOTHING.keys())
def test_a_write_that_changes_no_value_becomes_none(statement: str) -> None:
    raw_sql(statement)
    assert unrecorded(store.read()) == []
    adopt_now()
    assert revisions() == []
    assert not store.read().drifted


@in_process
def test_the_revision_says_what_changed() -> None:
    raw_sql(STATEMENTS["transaction"])
    adopt_now()
    (revision,) = revisions()
    assert (revision.channel, revision.reason) == ("sql", "changed in the database")
    assert changes() == [("port", None, "9001", False), ("server_workers", "3", "4", False)]


@in_process
def test_a_transaction_of_several_statements_is_seen_whole_or_not_at_all() -> None:
    with client() as somebody:
        somebody.execute("INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')")
        assert runtime.reload().config.port == 8884
        somebody.execute("UPDATE system_config SET config_value = '4' WHERE config_key = 'server_workers'")
    assert (runtime.reload().config.port, get_config().server_workers) == (9001, 4)


@in_process
def test_a_refused_value_is_recorded_as_refused_with_what_was_expected() -> None:
    set_row("port", "abc")
    adopt_now()
    assert changes() == [("port", None, "abc", True)]
    assert Change.objects.get(key="port").note == "a whole number from 1 to 65535"


@in_process
def test_a_refused_value_is_recorded_once_whatever_else_sql_writes() -> None:
    set_row("port", "abc")
    adopt_now()
    set_row("log_level", "debug")
    adopt_now()
    assert [key for key, *_ in changes()] == ["port", "log_level"]


@in_process
def test_a_plan_records_what_sql_wrote_before_its_own_change() -> None:
    set_row("port", "9001")
    revision = plan({"log_level": "debug"}).apply()
    assert revision is not None
    (adopted,) = revisions()
    assert revision.number == adopted.number + 1
    assert [change.key for change in revision.changes.all()] == ["log_level"]


@in_process
def test_a_plan_that_is_refused_leaves_the_record_to_others() -> None:
    base = store.read().revision
    set_row("port", "9001")
    drawn = plan({"log_level": "debug"})
    stale = dataclasses.replace(drawn, base_revision=base)
    with pytest.raises(StaleRevision):
        stale.apply()
    assert revisions() == []
    adopt_now()
    assert len(revisions()) == 1


@in_process
def test_plain_text_of_a_secret_stays_out_of_history() -> None:
    set_row("workos_api_key", "sk_test_canary0001")
    adopt_now()
    assert changes() == [("workos_api_key", None, "", True)]
    set_row("workos_api_key", "sk_test_canary0002")
    adopt_now()
    assert len(changes()) == 1
    (revision,) = revisions()
    assert "canary" not in str(change_rows(revision))


@in_process
def test_the_salt_is_no_setting_and_has_no_history() -> None:
    set_row("encryption_key_salt", "banana")
    adopt_now()
    assert revisions() == []


@in_process
def test_a_lost_state_row_is_made_anew() -> None:
    raw_sql("DELETE FROM config_state")
    set_row("port", "9001")
    assert runtime.reload().config.port == 9001
    adopt_now()
    assert changes() == [("port", None, "9001", False)]
    plan({"port": 9002}).apply()
    assert not store.read().drifted


@in_process
def test_a_state_row_that_went_back_is_noticed() -> None:
    set_row("port", "9001")
    raw_sql("UPDATE config_state SET version = 1")
    adopt_now()
    assert changes() == [("port", None, "9001", False)]


@in_process
def test_adopting_takes_the_same_queries_however_much_sql_wrote() -> None:
    set_row("port", "9001")
    with CaptureQueriesContext(connection) as one:
        adopt_now()
    raw_sql("UPDATE system_config SET config_value = 'x' WHERE config_key NOT LIKE 'encryption%'")
    for key in ("allowed_hosts", "public_url", "trusted_proxies", "allowed_origins"):
        set_row(key, "https://a.example" if "origin" in key or "url" in key else "10.0.0.1")
    with CaptureQueriesContext(connection) as many:
        adopt_now()
    assert len(changes()) == 8
    assert len(many) <= len(one) + 2  # one query for each value that needs its last good value


@in_process
def test_a_watching_process_adopts_by_itself() -> None:
    watching.start()
    try:
        set_row("port", "9001")
        wait_for(revisions, "the revision")
        wait_for(lambda: get_config().port == 9001, "the value")
        # A later revision may follow at once: the hub gives the install an id.
        wait_for(lambda: runtime.get_snapshot().revision >= revisions()[0].number, "its number")
    finally:
        watching.stop()


WATCH = """
import sys
from config_app.live import runtime
from config_app.propagation import watching
from config_app.api import get_config
from tests.support.waiting import wait_for
for line in sys.stdin:
    key, value, revision = line.split()
    wait_for(lambda: str(getattr(get_config(), key)) == value, "the value")
    wait_for(lambda: runtime.get_snapshot().revision >= int(revision), "the revision")
    print(key, getattr(get_config(), key), runtime.get_snapshot().drifted, flush=True)
watching.stop()
"""
PREPARE_WATCH = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from config_app.propagation import watching
watching.start()
"""


def test_many_watching_processes_adopt_each_write_exactly_once(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    hub.config("set", "port", "9000")
    first = int(str(hub.sql("SELECT max(number) FROM config_revision")[0][0]))
    with crew([hub] * 4, WATCH, prepare=PREPARE_WATCH) as started:
        started.tell("")
        for number in range(1, 6):
            hub.sql(f"UPDATE system_config SET config_value = '900{number}' WHERE config_key = 'port'")  # noqa: S608
            started.tell(f"port 900{number} {first + number}")
            assert started.hear() == [f"port 900{number} False"] * 4
    adopted = hub.sql(
        "SELECT new_value FROM config_change JOIN config_revision ON revision_id = number"
        " WHERE channel = 'sql' ORDER BY number"
    )
    assert adopted == [(f"900{number}",) for number in range(1, 6)]
    numbers = [row[0] for row in hub.sql("SELECT number FROM config_revision ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_reading_commands_record_nothing(hub_process: HubProcess) -> None:
    hub = hub_process
    hub.bring_up()
    hub.sql("INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')")
    before = hub.database.read_bytes()
    assert hub.config("get", "port") == "9001"
    for command in (["show"], ["show", "--json"], ["history"], ["why", "port"], ["validate"]):
        hub.run("config", *command)
    assert hub.database.read_bytes() == before
