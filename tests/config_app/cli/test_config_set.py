"""`config set` validates all values together, and writes one revision or nothing."""

from __future__ import annotations

import getpass
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config_app.api import get_config, plan, reload_config
from config_app.errors import (
    ConfigError,
    DatabaseUnavailable,
    InvalidPlan,
    UnknownSetting,
)
from config_app.models import Change, Process, Revision, SystemConfig
from config_app.propagation import progress, receipts
from tests.support.config_command import CANARY, config, database_content, write_row


def last() -> Revision:
    return Revision.objects.latest("number")


def test_it_prints_the_new_revision(install: None) -> None:
    assert config("set", "port", "8885").lines[0] == "revision 2: port 8884 (default) → 8885"
    assert reload_config().port == 8885


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", "port", "--value", "8885"),
        ("--key=port", "--value=8885"),
        ("port", "8885"),
        ("port=8885",),
        ("--value", "8885", "--key", "port"),
    ],
)
def test_every_form_of_the_call_sets_the_value(install: None, arguments: tuple[str, ...]) -> None:
    config("set", *arguments)
    assert SystemConfig.objects.get(pk="port").config_value == "8885"


@pytest.mark.parametrize(
    "arguments",
    [
        ("port=8885", "log_level=debug"),
        ("--key", "port", "--value", "8885", "--key", "log_level", "--value", "debug"),
        ("--key", "port", "--value", "8885", "log_level=debug"),
        ("port=8885", "--reason", "both", "log_level=debug"),
    ],
)
def test_several_settings_are_one_revision(install: None, arguments: tuple[str, ...]) -> None:
    assert config("set", *arguments).lines[0] == (
        "revision 2: port 8884 (default) → 8885; log_level info (default) → debug"
    )
    assert set(last().changes.values_list("key", flat=True)) == {"port", "log_level"}


def test_history_says_who_through_which_channel_and_why(install: None) -> None:
    config("set", "port", "8885", "--reason", "behind nginx")
    revision = last()
    assert (revision.actor, revision.channel, revision.reason) == (getpass.getuser(), "cli", "behind nginx")


def test_it_says_when_a_change_is_in_force_later(install: None) -> None:
    assert config("set", "port", "8885").lines[1:] == ["port takes effect when the server rebinds"]
    assert config("set", "log_level", "debug").lines[1:] == []


PINNED = (
    "port is pinned to 8901 by the command line or the environment of the server on vm: "
    "the stored value is not used there"
)


def run_pinned() -> None:
    """Write the receipt of a hub that was started with ``--bind``."""
    receipts.sign()
    Process.objects.update(machine="vm", pins={"port": "8901", "bind_address": "127.0.0.1"})


def test_a_setting_that_a_command_line_pins_is_named_once_it_is_changed(install: None) -> None:
    run_pinned()
    later = "port takes effect when the server rebinds"
    assert config("set", "port", "8950").lines[1:] == [later, PINNED]
    Process.objects.update(revision=3)
    assert PINNED in config("set", "port", "8951", "--wait", "0").lines
    assert PINNED in config("unset", "port", "--dry-run").lines
    assert PINNED in config("rollback", "2").lines


def test_a_database_that_is_gone_right_after_a_change_makes_no_refusal_of_it(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_processes: object) -> None:
        raise DatabaseUnavailable("the database is gone")

    monkeypatch.setattr(progress, "pinned", gone)
    assert config("set", "port", "8950").lines[1:] == ["port takes effect when the server rebinds"]


def test_what_is_live_costs_no_question_about_pins(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run_pinned()
    monkeypatch.setattr("hub.findings.transport", lambda _config: ())  # these findings are about pins
    with CaptureQueriesContext(connection) as queries:
        assert len(config("set", "log_level", "debug").lines) == 1
    assert not [query for query in queries if "FROM" in query["sql"] and "config_process" in query["sql"]]


def test_the_old_value_is_marked_where_nothing_was_stored(install: None) -> None:
    assert config("set", "log_level", "debug").out == "revision 2: log_level info (default) → debug"
    assert config("set", "log_level", "info").out == "revision 3: log_level debug → info"
    assert config("set", "log_level", "error").out == "revision 4: log_level info → error"


def test_nothing_to_change_is_no_revision(install: None) -> None:
    config("set", "port", "8885")
    before = database_content()
    out = config("set", "port", "08885".lstrip("0")).out
    assert out == "nothing to change: port already has this value at revision 2"
    assert database_content() == before


def test_a_dry_run_prints_the_plan_and_writes_nothing(install: None) -> None:
    before = database_content()
    out = config("set", "port=8885", f"workos_api_key={CANARY}", "--dry-run").out
    assert "port 8884 (default) → 8885, takes effect when the server rebinds" in out
    assert "workos_api_key not set → ✓ configured" in out
    assert "nothing was written" in out
    assert database_content() == before


def test_json_is_the_plan_or_the_result_for_programs(install: None) -> None:
    drawn = config("set", "port", "8885", "--dry-run", "--json").json
    done = config("set", "port", "8885", "--json").json
    change = {"key": "port", "label": "Port", "old": "8884", "new": "8885", "to_default": False}
    assert drawn == {
        "dry_run": True,
        "revision": 1,
        "changes": [change | {"takes_effect": "listeners"}],
    }
    assert done == {"revision": 2, "changed": True, "changes": drawn["changes"]}
    again = config("set", "port", "8885", "--json").json
    assert again == {"revision": 2, "changed": False, "changes": []}


@pytest.mark.parametrize("key", ["public_url", "allowed_hosts", "csp_report_uri", "allowed_origins"])
def test_an_empty_value_is_a_value_where_it_is_valid(install: None, key: str) -> None:
    config("set", key, "")
    assert SystemConfig.objects.get(pk=key).config_value == ""


def test_a_list_may_have_spaces_and_equals_signs_stay_in_values(install: None) -> None:
    config("set", "allowed_hosts=a.example, b.example", "csp_report_uri=https://x.example/?a=b=c")
    config_now = reload_config()
    assert config_now.allowed_hosts == ("a.example", "b.example")
    assert config_now.csp_report_uri == "https://x.example/?a=b=c"


def test_a_secret_is_encrypted_and_not_echoed(install: None) -> None:
    found = config("set", "workos_api_key", CANARY)
    assert found.lines == ["revision 2: workos_api_key not set → ✓ configured"]
    assert CANARY not in found.err
    assert CANARY not in str(database_content())
    assert reload_config().workos_api_key.reveal() == CANARY


def test_a_secret_among_the_arguments_is_warned_about(install: None) -> None:
    assert "use manage.py config set workos_api_key --stdin" in config("set", "workos_api_key", CANARY).err


def test_a_secret_that_is_refused_gets_no_warning_besides(install: None) -> None:
    with pytest.raises(InvalidPlan):
        config("set", "workos_api_key", "nonsense")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_standard_input(
    install: None, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{CANARY}{ending}".encode())))
    assert config("set", "workos_api_key", "--stdin").err == ""
    assert reload_config().workos_api_key.reveal() == CANARY


def test_a_secret_is_asked_for_on_a_terminal(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: CANARY)
    config("set", "workos_api_key", "--stdin")
    assert reload_config().workos_api_key.reveal() == CANARY


@pytest.mark.parametrize("form", [("workos_api_key",), ("--key", "workos_api_key")])
def test_a_secret_is_read_from_a_file(install: None, tmp_path: Path, form: tuple[str, ...]) -> None:
    file = tmp_path / "key"
    file.write_text(f"\ufeff{CANARY}\n")
    assert config("set", *form, "--file", str(file)).err == ""
    assert reload_config().workos_api_key.reveal() == CANARY


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "expected UTF-8 text"),
        (b"x" * (1024 * 1024 + 1), "expected at most 1048576 bytes"),
        (b"0123456789abcdef\x00", "expected at least 16 characters without control characters"),
        (b"0123456789abcdef\n0123456789abcdef\n", "expected at least 16 characters without control"),
        (b"", "to remove the secret, unset reload_webhook_secret"),
    ],
)
def test_a_file_that_holds_no_such_value_is_refused(
    install: None, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "value").write_bytes(content)
    before = database_content()
    with pytest.raises(ConfigError, match=message):
        config("set", "reload_webhook_secret", "--file", str(tmp_path / "value"))
    assert database_content() == before


def test_a_value_of_a_megabyte_is_taken_where_it_is_valid(install: None, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("s" * 1_000_000)
    config("set", "reload_webhook_secret", "--file", str(tmp_path / "value"))
    assert reload_config().reload_webhook_secret.reveal() == "s" * 1_000_000


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_refused(install: None, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="reload_webhook_secret: the file cannot be read"):
        config("set", "reload_webhook_secret", "--file", str(tmp_path / name))


def test_an_unknown_key_is_refused_before_its_value_is_read(install: None) -> None:
    with pytest.raises(UnknownSetting):
        config("set", "prot", "--stdin")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_call_for_an_earlier_revision_is_refused_with_what_changed(
    install: None, options: tuple[str, ...]
) -> None:
    config("set", "port", "8885", "--if-revision", "1")
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match="at revision 2"):
        call_command("config", "set", "port", "8886", "--if-revision", "1", *options, stdout=out, stderr=err)
    heading, revision, change = err.getvalue().splitlines()
    assert (heading, out.getvalue()) == ("changed since revision 1:", "")
    assert revision.startswith("  revision 2 ")
    assert change == "    port: 8884 (default) → 8885"
    assert reload_config().port == 8885


def test_a_value_that_sql_broke_is_repaired(install: None) -> None:
    write_row("port", "banana")
    config("set", "port", "8885")
    assert reload_config().port == 8885
    assert Change.objects.filter(key="port", refused=True).count() == 1


def test_what_sql_broke_elsewhere_does_not_stand_in_the_way(install: None) -> None:
    write_row("port", "banana")
    config("set", "log_level", "debug")
    assert reload_config().log_level == "debug"


def test_reading_a_value_back_gives_the_change(install: None) -> None:
    plan({"port": 9001}).apply()
    config("set", "port=9002")
    assert config("get", "port").out == "9002"
    assert get_config() is not None
