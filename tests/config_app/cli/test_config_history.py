"""`config history` shows who changed what, when, through which channel and why."""

from __future__ import annotations

import datetime as dt

import pytest

from config_app.api import UNSET, plan
from config_app.change.adoption import adopt_now
from config_app.errors import UnknownSetting
from config_app.models import Revision
from config_app.project import get_schema
from tests.support.config_command import CANARY, config, database_content, sql, write_row


def test_it_lists_revisions_newest_first(install: None) -> None:
    plan({"port": 9001}).apply(actor="ada", reason="behind nginx")
    plan({"port": 9002}).apply(actor="bob", channel="admin")
    lines = config("history").lines
    assert lines[0].startswith("revision 3  ")
    assert lines[0].endswith("  bob (admin)")
    assert lines[1] == "  port: 9001 → 9002"
    assert lines[2].endswith("  ada (code): behind nginx")
    assert lines[3] == "  port: 8884 (default) → 9001"


def test_the_time_is_iso_8601(install: None) -> None:
    when = config("history").lines[0].split()[2]
    revision = Revision.objects.get()
    assert dt.datetime.fromisoformat(when) == revision.created_at.replace(microsecond=0)


def test_secrets_are_masked(install: None) -> None:
    for value in (CANARY, f"{CANARY}2", UNSET):
        plan({"workos_api_key": value}).apply()
    out = config("history").out
    assert "canary" not in out
    assert [line.strip() for line in out.splitlines() if "workos_api_key" in line] == [
        "workos_api_key: ✓ configured → not set",
        "workos_api_key: changed",
        "workos_api_key: not set → ✓ configured",
    ]


def test_json_masks_secrets_too(install: None) -> None:
    plan({"workos_api_key": CANARY, "port": 9001}).apply(reason="both")
    newest = config("history", "--json").json["revisions"][0]
    assert (newest["number"], newest["channel"], newest["reason"]) == (2, "code", "both")
    changes = {change["key"]: change for change in newest["changes"]}
    assert (changes["port"]["old"], changes["port"]["new"]) == (None, "9001")
    assert (changes["workos_api_key"]["new"], changes["workos_api_key"]["is_set"]) == (None, True)
    assert "canary" not in str(newest)
    assert "gAAAA" not in str(newest)


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (("--key", "port"), [4, 2]),
        (("--limit", "2"), [4, 3]),
        (("--before", "3"), [2, 1]),
        (("--before", "4", "--limit", "1"), [3]),
        (("--before", "1"), []),
    ],
)
def test_it_can_be_narrowed(install: None, arguments: tuple[str, ...], numbers: list[int]) -> None:
    for changes in ({"port": 9001}, {"log_level": "debug"}, {"port": 9002}):
        plan(changes).apply()
    found = config("history", "--json", *arguments).json["revisions"]
    assert [revision["number"] for revision in found] == numbers


def test_a_refused_value_is_marked_with_what_was_expected(install: None) -> None:
    write_row("port", "banana")
    adopt_now()
    found = config("history").out
    assert "port: refused, expected a whole number from 1 to 65535" in found
    assert "banana" not in found
    assert " (sql): changed in the database" in found


def test_a_change_past_the_hub_is_announced_before_it_is_recorded(install: None) -> None:
    write_row("port", "9001")
    before = database_content()
    assert config("history").lines[0].startswith("the database was changed with SQL,")
    assert database_content() == before


def test_a_key_that_this_version_does_not_know_shows_no_value(install: None) -> None:
    write_row("workos_api_kye", CANARY)
    adopt_now()
    assert "workos_api_kye: (no row) → ✓ configured" in config("history", "--key", "workos_api_kye").out


@pytest.mark.parametrize("key", ["prot", "\udcff", "a\nb"])
def test_a_key_that_was_never_recorded_is_refused(install: None, key: str) -> None:
    with pytest.raises(UnknownSetting):
        config("history", "--key", key)


def test_a_setting_that_never_changed_has_no_history(install: None) -> None:
    assert config("history", "--key", "port").out == "no revision matches"


def test_what_people_wrote_cannot_move_the_cursor(install: None) -> None:
    plan({"port": 9001}).apply(actor="\x1b[2J", reason="one\ntwo\u202e[red]")
    headline = config("history").lines[0]
    assert headline.endswith(r"\x1b[2J (code): one\ntwo\u202e[red]")


def test_an_empty_text_is_shown_as_empty(install: None) -> None:
    plan({"public_url": "https://a.example"}).apply()
    plan({"public_url": ""}).apply()
    assert "public_url: https://a.example → (empty)" in config("history").out


def test_every_default_is_shown_where_there_was_no_row(install: None) -> None:
    for setting in get_schema().settings.values():
        sql("DELETE FROM config_change")
        sql(
            "INSERT INTO config_change (revision_id, key, new_value, is_secret, refused, note)"
            " VALUES (1, %s, 'x', false, false, '')",
            setting.key,
        )
        assert f"{setting.key}: " in config("history").out
