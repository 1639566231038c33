"""`config confirm` and the option `--confirm`: an unconfirmed change reverts by itself."""

from __future__ import annotations

import getpass

import pytest
from django.core.management.base import CommandError

from config_app.api import plan
from config_app.errors import ConfigError
from config_app.models import Confirmation
from config_app.store.deadlines import unconfirmed
from tests.support.config_command import config, database_content
from tests.support.processes.hub_process import HubProcess

pytestmark = pytest.mark.usefixtures("install")


def waiting() -> list[int]:
    return [number for number, _left in unconfirmed()]


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("90s", 90), ("5m", 300), ("1h", 3600), ("24h", 86_400)]
)
def test_a_change_waits_as_long_as_it_is_told(text: str, seconds: float) -> None:
    config("set", "port", "9001", "--confirm", text)
    ((number, left),) = unconfirmed()
    assert number == 2
    assert seconds - 10 < left <= seconds


def test_it_says_until_when_and_how_to_keep_it() -> None:
    assert config("set", "port", "9001", "--confirm", "5m").lines[-1] == (
        "revision 2 reverts in 5:00 unless it is confirmed: manage.py config confirm 2"
    )


def test_json_says_how_long_it_waits() -> None:
    assert config("set", "port", "9001", "--confirm", "5m", "--json").json["confirm_within"] == 300
    assert "confirm_within" not in config("set", "port", "9002", "--json").json


@pytest.mark.parametrize("verb", [("unset", "port"), ("rollback", "1")])
def test_other_verbs_can_wait_too(verb: tuple[str, ...]) -> None:
    plan({"port": 9001}).apply()
    config(*verb, "--confirm", "1h")
    assert waiting() == [3]


def test_a_dry_run_waits_for_nothing() -> None:
    config("set", "port", "9001", "--confirm", "5m", "--dry-run")
    assert waiting() == []


@pytest.mark.parametrize(
    "text", ["", "5", "m", "9s", "0m", "25h", "86401s", "-5m", "5 m", "5m30s", "1d", "٥m"]
)
def test_what_is_no_such_duration_is_refused(text: str) -> None:
    before = database_content()
    with pytest.raises(CommandError, match="expected a duration from 10s to 24h"):
        config("set", "port", "9001", f"--confirm={text}")
    assert database_content() == before


def test_the_refusal_says_what_is_expected(started_once: HubProcess) -> None:
    done = started_once.run("config", "set", "port", "9001", "--confirm", "2d")
    assert done.returncode == 2
    assert "expected a duration from 10s to 24h, such as 90s, 5m or 1h" in done.stderr


def test_a_confirmed_change_waits_no_longer() -> None:
    config("set", "port", "9001", "--confirm", "5m")
    assert config("confirm", "2").out == "revision 2 is confirmed"
    assert waiting() == []


def test_without_a_number_it_keeps_the_newest_and_lists_the_others() -> None:
    config("set", "port", "9001", "--confirm", "5m")
    config("set", "log_level", "debug", "--confirm", "1h")
    lines = config("confirm").lines
    assert lines[0] == "revision 3 is confirmed"
    assert lines[1].startswith("revision 2 reverts in ")
    assert waiting() == [2]


def test_json_names_what_is_confirmed_and_what_waits() -> None:
    config("set", "port", "9001", "--confirm", "5m")
    config("set", "log_level", "debug", "--confirm", "1h")
    assert config("confirm", "3", "--json").json == {"confirmed": 3, "waiting": [2]}


def test_history_says_who_confirmed_it_and_why() -> None:
    config("set", "port", "9001", "--confirm", "5m")
    config("confirm", "--reason", "works from outside")
    who = getpass.getuser()
    assert config("history").lines[0].endswith(f"  [confirmed by {who}: works from outside]")
    newest = config("history", "--json").json["revisions"][0]
    assert (newest["confirmed_by"], newest["confirmation_reason"]) == (who, "works from outside")


def test_a_dry_run_says_what_it_would_confirm_and_confirms_nothing() -> None:
    config("set", "port", "9001", "--confirm", "5m")
    before = database_content()
    assert config("confirm", "--dry-run").lines == [
        "revision 2 would be confirmed",
        "dry run: nothing was written",
    ]
    assert config("confirm", "2", "--dry-run", "--json").json == {
        "dry_run": True,
        "confirmed": 2,
        "waiting": [],
    }
    assert database_content() == before


@pytest.mark.parametrize("number", ["1", "99"])
def test_what_does_not_wait_is_refused(number: str) -> None:
    before = database_content()
    with pytest.raises(ConfigError, match=f"revision {number} is not waiting for a confirmation"):
        config("confirm", number)
    assert database_content() == before


def test_where_nothing_waits_it_is_refused_too() -> None:
    with pytest.raises(ConfigError, match="no revision waits to be confirmed"):
        config("confirm")


def test_show_says_what_waits() -> None:
    config("set", "port", "9001", "--confirm", "5m")
    assert "warning: revision 2 reverts in " in config("show").out
    (found,) = config("show", "--json").json["confirmations"]
    assert found["revision"] == 2
    assert 290 < found["seconds_left"] <= 300


def test_show_is_silent_where_nothing_waits() -> None:
    assert "reverts" not in config("show").out
    assert config("show", "--json").json["confirmations"] == []


@pytest.mark.parametrize(
    ("outcome", "mark", "word"),
    [
        ("", "[waits to be confirmed]", "waiting"),
        ("confirmed", "[confirmed]", "confirmed"),
        ("reverted", "[reverted]", "reverted"),
        ("failed", "[not confirmed, could not be reverted]", "failed"),
    ],
)
def test_history_marks_what_became_of_it(outcome: str, mark: str, word: str) -> None:
    config("set", "port", "9001", "--confirm", "5m")
    Confirmation.objects.update(outcome=outcome)
    assert config("history").lines[0].endswith(f"  {mark}")
    assert [r["confirmation"] for r in config("history", "--json").json["revisions"]] == [word, None]
