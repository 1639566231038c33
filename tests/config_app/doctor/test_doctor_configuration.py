"""Problems that the doctor finds in stored values, rules, history, environment and processes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from config_app.api import plan
from config_app.models import Process
from hub.models import User
from hub.workos.remote import outage
from hub.workos.remote.errors import CredentialsRefused
from tests.support.config_command import sql, write_row
from tests.support.doctor_findings import WORKOS_CREDENTIALS, fact, findings


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("port", "banana", ("error", ["invalid_value"])),
        ("no_such_key", "1", ("warning", ["unknown_setting"])),
    ],
)
def test_a_stored_value_that_is_not_in_force_is_found(
    install: None, key: str, value: str, found: tuple[str, list[str]]
) -> None:
    write_row(key, value)
    assert findings("stored_values") == found
    assert key in fact("stored_values").problems[0].keys


def test_a_value_that_an_import_refused_is_found(install: None) -> None:
    plan({}, refusals={"port": "HUB_PORT was not imported, expected a whole number"}).apply(channel="env")
    assert findings("stored_values") == ("warning", ["refused_value"])


def test_a_broken_rule_is_found(install: None) -> None:
    write_row("app_mode", "workos")
    assert findings("rules") == ("error", ["broken_rule"])
    assert findings("stored_values") == ("ok", [])


def test_a_change_in_sql_that_no_revision_has_is_found(install: None) -> None:
    write_row("port", "9001")
    assert findings("history") == ("warning", ["unrecorded"])
    plan({"log_level": "debug"}).apply()
    assert findings("history") == ("ok", [])


def test_a_change_that_nothing_counted_is_found(install: None) -> None:
    sql("DROP TRIGGER system_config_insert_bumps")
    sql("INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')")
    assert findings("history") == ("error", ["history_differs"])


def test_revisions_that_somebody_removed_are_found(install: None) -> None:
    plan({"port": "9001"}).apply()
    plan({"port": "9002"}).apply()
    sql("DELETE FROM config_change WHERE revision_id = 2")
    sql("DELETE FROM config_revision WHERE number = 2")
    assert findings("history") == ("warning", ["revisions_missing"])


def test_a_revision_that_waits_to_be_confirmed_is_found(install: None) -> None:
    plan({"port": "9001"}).apply(confirm_within=300)
    found = fact("confirmations")
    assert found.status == "warning"
    assert "revision 2 reverts in" in str(found.problems[0])
    assert "run manage.py config confirm 2 to keep the revision" in str(found.problems[0])


def test_a_revision_that_nobody_was_there_to_revert_is_found(install: None) -> None:
    plan({"port": "9001"}).apply(confirm_within=300)
    sql("UPDATE config_confirmation SET deadline = '2020-01-01 00:00:00'")
    assert "should have reverted" in str(fact("confirmations").problems[0])


def test_a_variable_that_differs_from_the_database_is_found(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_PORT", "9999")
    assert findings("environment") == ("warning", ["env_differs"])
    assert "HUB_PORT of the process environment differs from port" in str(fact("environment").problems[0])


def test_the_other_problems_of_the_project_are_found(owner: User) -> None:
    plan({**WORKOS_CREDENTIALS, "app_mode": "workos"}).apply()
    outage.note(CredentialsRefused("no"))
    try:
        assert findings("project") == ("error", ["workos_refuses"])
    finally:
        outage.note_success()


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"revision": 0}, ("warning", ["behind"])),
        ({"error": "the listener cannot be had"}, ("error", ["process_error"])),
        ({"pending": ["port"]}, ("warning", ["pending"])),
        ({"pins": {"port": "9999"}}, ("ok", [])),
    ],
)
def test_a_process_that_does_not_do_what_the_last_revision_says_is_found(
    install: None, facts: dict[str, Any], found: tuple[str, list[str]]
) -> None:
    now = timezone.now()
    times = {"since": now, "started_at": now, "seen_at": now + dt.timedelta(seconds=5)}
    Process.objects.create(machine="box", pid=1, role="worker", **{"revision": 1, **times, **facts})
    assert findings("processes") == found
    assert "worker 1 on box" in str(fact("processes"))
