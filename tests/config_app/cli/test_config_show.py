"""`config show` prints the current values and all problems, even if the tables contain rubbish."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from config_app.api import plan
from config_app.errors import ConfigError
from config_app.models import Process
from config_app.project import get_schema
from config_app.testing import reset_process
from hub.models import User
from tests.support.config_command import CANARY, config, database_content, sql, write_row
from tests.support.databases.in_process import ONLY_SQLITE
from tests.support.generated_schema import project

SUMMARY = """\
Bootstrap State: unconfigured

┌──────────────────┬──────────────┐
│ Setting          │ Value        │
├──────────────────┼──────────────┤
│ App Mode         │ unconfigured │
│ Bind Address     │ 127.0.0.1    │
│ Port             │ 8884         │
│ Database Path    │ test.db      │
│ Super Admins     │ 0 configured │
│ WorkOS Client ID │ not set      │
│ WorkOS API Key   │ not set      │
└──────────────────┴──────────────┘"""


def run_process(pins: dict[str, str], revision: int = 99) -> None:
    now = timezone.now()
    times = {"since": now, "started_at": now, "seen_at": now + dt.timedelta(seconds=5)}
    Process.objects.create(machine="m", pid=7, role="master", revision=revision, pins=pins, **times)


def cells(*arguments: str) -> dict[str, list[str]]:
    """Return the table's cells, by the cell in the first column."""
    rows = [line.strip("│").split("│") for line in config("show", *arguments).lines if line.startswith("│")]
    return {first.strip(): [cell.strip() for cell in rest] for first, *rest in rows}


def test_it_prints_the_state_and_a_box_drawn_table(install: None) -> None:
    assert config("show").out == SUMMARY


def test_where_no_setting_has_a_summary_every_one_is_listed(db: None) -> None:
    with project("Small"):
        assert cells() == {"Setting": ["Value"], "Port": ["80"], "Hosts": [""], "Password": ["not set"]}


def test_a_claimed_hub_is_configured(owner: User) -> None:
    assert config("show").lines[0] == "Bootstrap State: configured"
    assert cells()["Super Admins"] == ["1 configured"]


def test_credentials_are_abbreviated(install: None) -> None:
    plan({"workos_api_key": CANARY, "workos_client_id": "client_01ABC"}).apply()
    assert cells()["WorkOS API Key"] == ["✓ configured"]
    assert cells()["WorkOS Client ID"] == ["client_***"]


def test_a_table_that_goes_to_no_screen_is_never_cut_off(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    hosts = ",".join(f"host{n}.example.com" for n in range(20))
    plan({"allowed_hosts": hosts}).apply()
    assert hosts in config("show", "--all").out


def test_all_shows_every_setting_with_its_source(install: None) -> None:
    plan({"port": 9001}).apply()
    table = cells("--all")
    assert list(table)[1:] == list(get_schema().settings)
    assert table["port"][:2] == ["9001", "database"]
    assert table["log_level"][:2] == ["info", "default"]


@pytest.mark.parametrize("name", ["network", "NETWORK", "Network"])
def test_a_section_can_be_shown_alone(install: None, name: str) -> None:
    expected = ["bind_address", "port", "public_url", "allowed_hosts", "trusted_proxies"]
    assert list(cells("--section", name))[1:] == expected


def test_an_unknown_section_is_refused_with_the_known_ones(install: None) -> None:
    with pytest.raises(ConfigError, match="choose one of setup, network"):
        config("show", "--section", "netwrok")


def test_a_pinned_value_is_shown_as_pinned_everywhere(install: None) -> None:
    run_process({"port": "9999"})
    assert cells()["Port"] == ["8884 (pinned to 9999)"]
    assert "pinned to 9999" in cells("--all")["port"][2]
    assert config("show", "--json").json["settings"]["port"]["pinned"] == ["9999"]


def test_a_change_that_a_process_has_not_taken_up_is_pending(install: None) -> None:
    run_process({}, revision=1)
    plan({"log_level": "debug"}).apply()
    assert "pending in 1 processes" in cells("--all")["log_level"][2]
    assert config("show", "--json").json["settings"]["log_level"]["processes_behind"] == 1


def test_json_is_typed(install: None) -> None:
    changes = {"port": 9001, "allowed_hosts": "a.example,b.example", "trusted_proxies": "10.0.0.0/8"}
    plan({**changes, "workos_api_key": CANARY}).apply()
    found = config("show", "--json").json
    assert (found["state"], found["revision"], found["mode"]) == ("unconfigured", 2, "unconfigured")
    settings = found["settings"]
    assert settings["port"] == {
        "value": 9001,
        "source": "database",
        "is_secret": False,
        "section": "network",
    }
    assert settings["allowed_hosts"]["value"] == ["a.example", "b.example"]
    assert settings["trusted_proxies"]["value"] == ["10.0.0.0/8"]
    assert settings["enable_hsts"] == {
        "value": False,
        "source": "default",
        "is_secret": False,
        "section": "security",
    }
    assert settings["csp_report_uri"]["value"] is None
    assert settings["workos_api_key"] == {
        "value": None,
        "source": "database",
        "is_secret": True,
        "section": "workos",
        "is_set": True,
    }
    assert settings["reload_webhook_secret"]["is_set"] is False


def test_json_has_every_setting_and_nothing_else(install: None) -> None:
    assert list(config("show", "--json").json["settings"]) == list(get_schema().settings)


def test_drift_of_the_environment_is_shown_with_a_fix(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "9999")
    (line,) = [line for line in config("show").lines if "HUB_PORT" in line]
    assert line.startswith("info: HUB_PORT of the process environment differs from port")
    assert "manage.py config set port" in line


@pytest.mark.parametrize("form", [(), ("--all",), ("--json",), ("--section", "server")])
def test_no_form_of_it_shows_a_secret(install: None, form: tuple[str, ...]) -> None:
    secrets = {s.key: f"{CANARY}_{s.key}" for s in get_schema().settings.values() if s.is_secret}
    secrets["workos_cookie_password"] = "canary" + "A" * 37 + "="
    plan(secrets).apply()
    assert "canary" not in config("show", *form).out


def test_it_never_writes(install: None) -> None:
    write_row("port", "banana")
    before = database_content()
    for form in ((), ("--all",), ("--json",)):
        config("show", *form)
    assert database_content() == before


# Rows that a database client may write, and a text that the output must then contain.
RUBBISH: list[tuple[Any, Any, Any, str]] = [
    ("port", "banana", False, "error: port: the stored value is not valid"),
    ("port", "", False, "error: port: the stored value is not valid"),
    ("port", "\x1b[2J\x07", False, "error: port: the stored value is not valid"),
    ("port", b"\xff\x00", False, "error: port: the stored value is not valid"),
    ("port", "9" * 1_000_000, False, "error: port: the stored value is not valid"),
    ("csp_report_uri", "[red]http://x[/red]", False, "error: csp_report_uri: the stored value"),
    ("app_mode", "workos", False, "error: app_mode, workos_client_id"),
    ("setup_completed", "perhaps", False, "error: setup_completed"),
    ("workos_api_key", CANARY, False, "workos_api_key: the stored secret cannot be decrypted"),
    ("workos_api_key", "", True, "workos_api_key: the stored secret cannot be decrypted"),
    ("workos_api_key", b"\xff", True, "workos_api_key: the stored secret cannot be decrypted"),
    ("workos_cookie_password", "\x00", True, "workos_cookie_password: the stored secret"),
    ("no_such_key", "1", False, "info: no_such_key: this version knows no such setting"),
    ("[red]key\x1b[0m\n", "1", False, "info: a row: this version knows no such setting"),
    (b"\xff", "1", False, "this version knows no such setting"),
    ("encryption_key_salt", "zz", False, "encryption_key_salt in the database is damaged"),
    ("encryption_key_salt", b"\xff", False, "encryption_key_salt in the database is damaged"),
]


def rubbish() -> Iterator[Any]:
    """Yield test parameters; only SQLite accepts a byte 0 or a key that is not text."""
    for key, value, is_secret, expected in RUBBISH:
        is_text = isinstance(key, str) and "\0" not in str(value)
        yield pytest.param(key, value, is_secret, expected, marks=() if is_text else ONLY_SQLITE)


@pytest.mark.parametrize(("key", "value", "is_secret", "expected"), list(rubbish()))
@pytest.mark.parametrize("form", [(), ("--all",), ("--json",)])
def test_whatever_sql_wrote_is_named_and_breaks_nothing(
    install: None, form: tuple[str, ...], key: Any, value: Any, is_secret: Any, expected: str
) -> None:
    plan({"reload_webhook_secret": "0123456789abcdef"}).apply()
    reset_process()
    write_row(key, value, is_secret=is_secret)
    if form == ("--json",):
        message = expected.removeprefix("error: ").removeprefix("info: ")
        problems = config("show", *form).json["problems"]
        assert any(message.split("\\")[0] in problem["message"] + problem["fix"] for problem in problems)
        return
    shown = config("show", *form).out
    assert expected in shown
    assert all(character.isprintable() for line in shown.splitlines() for character in line)
    assert CANARY not in shown


def test_the_last_good_value_is_shown_as_such(install: None) -> None:
    plan({"port": 9001}).apply()
    write_row("port", "banana")
    assert cells()["Port"] == ["9001 (last good value; the stored value is not valid)"]
    assert "last good value" in cells("--all")["port"][2]


def test_a_secret_that_cannot_be_decrypted_needs_re_entry(install: None) -> None:
    write_row("workos_api_key", "rubbish", is_secret=True)
    assert cells()["WorkOS API Key"] == ["✗ needs re-entry"]
    assert config("show", "--json").json["settings"]["workos_api_key"]["is_set"] is False


def test_markup_in_a_value_is_literal(install: None) -> None:
    sql("UPDATE system_config SET config_value = '[red]x[/red]' WHERE config_key = 'database_path'")
    assert cells()["Database Path"] == ["[red]x[/red]"]


def test_a_value_that_fills_screens_is_abbreviated(install: None) -> None:
    sql("UPDATE system_config SET config_value = %s WHERE config_key = 'database_path'", "x" * 1_000_000)
    out = config("show").out
    assert "… (1000000 characters)" in out
    assert len(out) < 20_000


def test_a_deleted_salt_is_named_and_the_rest_is_shown(install: None) -> None:
    sql("DELETE FROM system_config WHERE config_key = 'encryption_key_salt'")
    plan({"port": 9001}).apply()
    reset_process()
    write_row("workos_api_key", "gAAAAA", is_secret=True)
    shown = config("show").out
    assert "encryption_key_salt is missing from the database" in shown
    assert "9001" in shown


@ONLY_SQLITE
def test_every_combination_of_rubbish_at_once_is_shown(install: None) -> None:
    for key, value, is_secret, _ in itertools.islice(RUBBISH, 2, None):
        write_row(key, value, is_secret=is_secret)
    assert len([line for line in config("show").lines if line.startswith(("error: ", "warning: "))]) >= 5
