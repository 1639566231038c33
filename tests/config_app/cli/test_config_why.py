"""`config why` shows a value's source, the sources that it overrides, and which values are allowed."""

from __future__ import annotations

import pytest

from config_app.api import plan
from config_app.change.adoption import adopt_now
from config_app.errors import ManagedSetting, UnknownSetting
from config_app.project import get_schema
from tests.config_app.cli.test_config_show import run_process
from tests.support.config_command import CANARY, config, database_content, write_row


def facts(key: str) -> dict[str, str]:
    """Return the printed facts by name."""
    return {line[:15].strip(): line[16:] for line in config("why", key).lines[1:]}


def test_a_default_is_explained(install: None) -> None:
    assert config("why", "port").lines == [
        "port = 8884",
        "  from          the default; nothing is stored",
        "  takes effect  when the server rebinds",
        "  expected      a whole number from 1 to 65535",
        "  default       8884",
        "  can be imported from HUB_PORT",
        "  help          TCP port that the hub listens on.",
    ]


def test_a_stored_value_names_its_revision(install: None) -> None:
    plan({"port": 9001}).apply(actor="ada", channel="admin", reason="behind nginx")
    found = facts("port")
    assert found["from"] == "the database"
    assert found["revision"].startswith("2, ")
    assert found["revision"].endswith(", ada (admin): behind nginx")
    assert found["change"] == "port: 8884 (default) → 9001"


def test_the_last_good_value_says_why_it_is_in_force(install: None) -> None:
    plan({"port": 9001}).apply(actor="ada")
    write_row("port", "banana")
    adopt_now()
    found = facts("port")
    reason = "because the stored value is not used: expected a whole number from 1 to 65535"
    assert found["from"] == f"the last good value, {reason}"
    assert found["revision"].startswith("2, ")


def test_a_change_past_the_hub_is_called_unrecorded(install: None) -> None:
    write_row("port", "9001")
    found = facts("port")
    assert found["from"] == "the database"
    assert found["unrecorded"].startswith("the row was changed with SQL")
    assert "unrecorded" not in facts("log_level")


def test_an_environment_variable_that_would_say_otherwise_is_named(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_PORT", "9999")
    assert facts("port")["problem"].startswith("HUB_PORT of the process environment differs from port")
    assert "problem" not in facts("log_level")


def test_a_process_that_was_pinned_and_lags_behind_is_named(install: None) -> None:
    plan({"port": 9001}).apply()
    run_process({"port": "9999"}, revision=1)
    found = facts("port")
    assert found["pinned"] == "to 9999 by the command line or the environment of master 7 on m"
    assert found["pending"] == "1 of 1 processes have not acted on the last change yet"


def test_a_secret_is_explained_without_its_value(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    found = config("why", "workos_api_key")
    assert found.lines[0] == "workos_api_key = ✓ configured"
    assert "canary" not in found.out + config("why", "workos_api_key", "--json").out


def test_json_has_the_same_facts(install: None) -> None:
    plan({"port": 9001}).apply(reason="behind nginx")
    found = config("why", "port", "--json").json
    assert (found["key"], found["value"], found["source"], found["default"]) == (
        "port",
        9001,
        "database",
        8884,
    )
    assert found["revision"]["reason"] == "behind nginx"
    assert (found["takes_effect"], found["imported_from"]) == ("listeners", ["HUB_PORT"])


def test_every_setting_can_be_explained_and_says_what_is_valid(install: None) -> None:
    for setting in get_schema().settings.values():
        assert facts(setting.key)["expected"] == setting.expected


def test_an_unknown_key_is_refused(install: None) -> None:
    with pytest.raises(UnknownSetting, match="did you mean port"):
        config("why", "prot")


def test_the_salt_is_not_explained(install: None) -> None:
    with pytest.raises(ManagedSetting, match="never shown"):
        config("why", "encryption_key_salt")


def test_it_never_writes(install: None) -> None:
    write_row("port", "banana")
    before = database_content()
    config("why", "port")
    assert database_content() == before
