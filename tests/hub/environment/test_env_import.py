"""The environment is imported once; afterwards, the hub only reports differences (B13, B14)."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

import pytest

from config_app.api import reload_config
from config_app.problems import Problem
from hub.environment import env_import
from hub.environment.env_file import EnvFile, read_env_file
from hub.environment.env_import import Import, drift, read_import, unknown
from hub.environment.variables import VARIABLES
from hub.runtime_config import get_config, schema
from tests.support.browsers.clients import configure
from tests.support.config_command import config
from tests.support.processes.hub_process import HubProcess

CANARY = "sk_test_canary4711"

ODD = (
    "\ufeff# written on Windows\r\n"
    'export HUB_PORT = "9001"  # the port\r\n'
    "HUB_HOST=0.0.0.0 # everywhere\r\n"
    'HUB_PUBLIC_URL="https://hub.example.com/"\r\n'
    "HUB_CSP_REPORT_URI=https://csp.example.com/r?a=b#\r\n"
    "HUB_CSP_REPORT_URI=https://csp.example.com/r?a=b&c==\r\n"
    "SUPER_ADMIN_EMAILS='Ada@Example.com, bob@example.com'\r\n"
    f"WORKOS_API_KEY={CANARY}\r\n"
    "HUB_ALLOWED_HOSTS=\r\n"
    "HUB_WORKERS=many\r\n"
    "DATABASE_URL=postgres://somebody.else/s\r\n"
)
IMPORTED = {
    "port": "9001",
    "bind_address": "0.0.0.0",  # noqa: S104
    "public_url": "https://hub.example.com",
    "csp_report_uri": "https://csp.example.com/r?a=b&c==",
    "super_admin_emails": "ada@example.com,bob@example.com",
    "allowed_hosts": "",
    "server_workers": "2",
    "log_level": "info",
}


def env_file(path: Path, *lines: str) -> EnvFile:
    path.write_text("\n".join(lines))
    return read_env_file(path)


def found(path: Path, *lines: str, **environ: str) -> Import:
    return read_import(environ, env_file(path / ".env", *lines))


@pytest.fixture
def differences(install: None, monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    """Give the reported differences if HUB_PORT and a secret differ and HUB_LOG_LEVEL is equal."""
    configure(log_level="debug")
    monkeypatch.setenv("HUB_PORT", "9999")
    monkeypatch.setenv("WORKOS_API_KEY", CANARY)
    monkeypatch.setenv("HUB_LOG_LEVEL", " DEBUG ")
    return drift(get_config())


def test_the_process_environment_wins_over_the_file(tmp_path: Path) -> None:
    both = found(tmp_path, "HUB_PORT=9001", "HUB_WORKERS=4", HUB_PORT="9002")
    assert both.values == {"port": 9002, "server_workers": 4}


def test_it_wins_by_another_name_of_the_setting_too(tmp_path: Path) -> None:
    line = "SUPER_ADMIN_EMAILS=file@example.com"
    both = found(tmp_path, line, WORKOS_SUPER_ADMIN_EMAILS="process@example.com")
    assert both.values == {"super_admin_emails": ("process@example.com",)}


def test_a_variable_with_a_former_name_is_imported_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = dataclasses.replace(schema["port"].declaration, formerly=("listen_port",))
    setting = dataclasses.replace(schema["port"], declaration=port)
    monkeypatch.setattr(schema, "settings", {**schema.settings, "port": setting})
    found = read_import({"HUB_LISTEN_PORT": "9001"}, read_env_file(tmp_path / ".env"))
    assert found.values == {"port": 9001}
    assert (
        "HUB_LISTEN_PORT of the process environment is imported, but it is called HUB_PORT now" in caplog.text
    )
    caplog.clear()
    both = {"HUB_LISTEN_PORT": "9001", "HUB_PORT": "9002"}
    assert read_import(both, read_env_file(tmp_path / ".env")).values == {"port": 9002}
    assert not caplog.text


def test_a_value_that_does_not_validate_is_named_with_what_was_expected(tmp_path: Path) -> None:
    result = found(tmp_path, "HUB_PORT=secret99", "HUB_WORKERS=4")
    assert result.values == {"server_workers": 4}
    note = f"HUB_PORT of {tmp_path}/.env was not imported, expected a whole number from 1 to 65535"
    assert result.refusals == {"port": note}


def test_of_two_that_do_not_validate_the_one_that_would_win_is_named(tmp_path: Path) -> None:
    result = found(tmp_path, "HUB_PORT=many", HUB_PORT="abc")
    assert result.values == {}
    assert "HUB_PORT of the process environment" in result.refusals["port"]


def test_an_empty_secret_is_a_placeholder_and_an_empty_list_a_value(tmp_path: Path) -> None:
    assert found(tmp_path, "WORKOS_API_KEY=", "HUB_ALLOWED_HOSTS=").values == {"allowed_hosts": ()}


def test_what_the_hub_keeps_itself_is_not_imported_as_a_setting(tmp_path: Path) -> None:
    result = found(tmp_path, "HUB_DATABASE_PATH=/elsewhere.db", "APP_MODE=local", "SETUP_COMPLETED=true")
    assert result == Import({}, {})


def test_every_oddity_of_a_file_is_imported_exactly(hub_process: HubProcess) -> None:
    hub_process.create_tables()
    hub_process.env_file.write_bytes(ODD.encode())
    hub_process.manage("bootstrap")
    assert {key: hub_process.config("get", key) for key in IMPORTED} == IMPORTED
    assert hub_process.config("get", "workos_api_key", "--reveal") == CANARY
    shown = hub_process.config("show")
    assert f"HUB_WORKERS of {hub_process.env_file} was not imported, expected a whole number" in shown
    assert "many" not in shown


def test_what_is_said_afterwards_changes_nothing_and_is_reported(hub_process: HubProcess) -> None:
    hub_process.create_tables()
    hub_process.env_file.write_text("HUB_PORT=9001\n")
    hub_process.manage("bootstrap")
    hub_process.env_file.write_text("HUB_PORT=9002\n")
    (hub_process.data_dir / "setup-token").unlink()  # otherwise the bootstrap would have nothing to do
    hub_process.manage("bootstrap", HUB_WORKERS="9")
    shown = hub_process.manage("config", "show", HUB_WORKERS="9")
    assert f"info: HUB_PORT of {hub_process.env_file} differs from port and has no effect" in shown
    assert "info: HUB_WORKERS of the process environment differs from server_workers" in shown
    assert hub_process.config("get", "port") == "9001"
    assert hub_process.sql("SELECT count(*) FROM config_revision WHERE channel = 'env'") == [(1,)]


def test_without_its_file_a_hub_that_has_started_is_the_same(hub_process: HubProcess) -> None:
    hub_process.create_tables()
    hub_process.env_file.write_text("HUB_PORT=9001\n")
    hub_process.manage("bootstrap")
    hub_process.env_file.unlink()
    hub_process.manage("bootstrap")
    assert hub_process.config("get", "port") == "9001"


def test_only_what_differs_is_reported_with_the_command_that_takes_it_over(
    differences: list[Problem],
) -> None:
    assert [problem.keys for problem in differences] == [("port",), ("workos_api_key",)]
    assert [problem.fix for problem in differences] == [
        "remove it, or run manage.py config set port 9999",
        "remove it, or run manage.py config set workos_api_key --stdin",
    ]
    assert CANARY not in "".join(map(str, differences))


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("HUB_CSP_REPORT_URI", "https://a.example/r?a=$b&c=!", "csp_report_uri", None),
        ("HUB_ALLOWED_HOSTS", "a.example, .b.example", "allowed_hosts", "a.example,.b.example"),
        ("HUB_ALLOWED_HOSTS", "", "allowed_hosts", None),
    ],
)
def test_the_command_is_one_that_a_shell_understands(
    install: None, monkeypatch: pytest.MonkeyPatch, name: str, text: str, key: str, value: str | None
) -> None:
    configure(allowed_hosts=("other.example",))
    monkeypatch.setenv(name, text)
    (fix,) = (problem.fix for problem in drift(get_config()) if problem.keys == (key,))
    command = shlex.split(fix.partition("run manage.py config ")[2])
    assert command == ["set", key, text if value is None else value]
    config(*command)
    assert not [problem for problem in drift(reload_config()) if problem.keys == (key,)]


def test_what_is_not_valid_gets_no_command_that_could_never_work(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_PORT", "canary")
    (problem,) = drift(get_config())
    assert problem.fix == "remove it: port expects a whole number from 1 to 65535"
    assert "canary" not in str(problem)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("HUB_PROT", "did you mean HUB_PORT?"),
        ("HUB_LOG_LEVL", "did you mean HUB_LOG_LEVEL?"),
        ("WORKOS_APIKEY", "did you mean WORKOS_API_KEY?"),
        ("HUB_DATADIR", "did you mean HUB_DATA_DIR?"),
        ("HUB_BIND_ADDRESS", "did you mean HUB_HOST?"),
        ("HUB_BANANA", "remove it, or correct its name"),
    ],
)
def test_a_variable_that_the_hub_does_not_know_is_named_with_the_one_that_was_meant(
    install: None, monkeypatch: pytest.MonkeyPatch, name: str, cure: str
) -> None:
    monkeypatch.setenv(name, CANARY)
    (problem,) = drift(get_config())
    message = f"{name} of the process environment is not a variable of the hub and has no effect"
    assert (problem.code, problem.message, problem.fix) == ("env_unknown", message, cure)


def test_what_others_set_is_not_taken_for_a_misspelt_variable(tmp_path: Path) -> None:
    links = ["HUB_SERVICE_HOST", "HUB_SERVICE_PORT", "HUB_SERVICE_PORT_HTTP"]
    links += ["HUB_PORT_8884_TCP_ADDR", "HUB_PORT_8884_TCP_PORT"]
    others = ("PORT", "THEIR_HUB_PROT", *links)
    ours = {name for setting in schema.settings.values() for name in setting.imported_from}
    ours |= {variable.name for variable in VARIABLES}
    known = {**dict.fromkeys((*others, *ours), "1"), "HUB_WEB_PORT": "tcp://10.0.0.7:8884"}
    assert unknown(known, env_file(tmp_path / ".env")) == []
    (problem,) = unknown({"HUB_WEB_PORT": "8884"}, env_file(tmp_path / ".env"))
    assert problem.code == "env_unknown"


def test_a_misspelt_variable_is_named_before_at_and_after_the_first_import(hub_process: HubProcess) -> None:
    hub_process.env_file.write_text(f"HUB_PROT={CANARY}\nHUB_WORKERS=3\n")
    misspelt = f"HUB_PROT of {hub_process.env_file} is not a variable of the hub and has no effect"
    assert misspelt in hub_process.run("config", "doctor").stdout
    assert f"warning: {misspelt}; did you mean" in hub_process.run("loadenv", "--dry-run").stderr
    started = hub_process.run("bootstrap")
    assert (started.returncode, misspelt in started.stderr) == (0, True)
    assert misspelt in (shown := hub_process.run("config", "doctor").stdout)
    assert CANARY not in started.stderr + started.stdout + shown
    assert hub_process.config("get", "server_workers") == "3"


def test_a_variable_that_agrees_by_now_is_reported_no_more(differences: list[Problem]) -> None:
    configure(port=9999, workos_api_key=CANARY)
    assert differences
    assert drift(get_config()) == []


def test_a_file_that_cannot_be_read_is_reported_and_stops_nothing(
    install: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Elsewhere:
        env_file = tmp_path

    monkeypatch.setattr(env_import, "instance", Elsewhere)
    (problem,) = drift(get_config())
    assert (problem.code, problem.severity) == ("env_unreadable", "info")


def test_an_empty_secret_of_the_process_does_not_hide_that_of_the_file(tmp_path: Path) -> None:
    result = found(tmp_path, f"WORKOS_API_KEY={CANARY}", WORKOS_API_KEY=" ")
    assert {key: value.reveal() for key, value in result.values.items()} == {"workos_api_key": CANARY}


def test_a_refused_value_stays_visible_until_it_is_settled(hub_process: HubProcess) -> None:
    hub_process.create_tables()
    hub_process.env_file.write_text("HUB_PORT=many\nHUB_WORKERS=four\nHUB_LOG_LEVEL=debug\n")
    hub_process.manage("bootstrap")
    hub_process.env_file.unlink()
    hub_process.config("set", "log_level", "info")
    shown = hub_process.config("show")
    assert "port: HUB_PORT of" in shown
    assert "server_workers: HUB_WORKERS of" in shown
    hub_process.config("set", "port", "8884")
    hub_process.config("unset", "server_workers")
    shown = hub_process.config("show")
    assert "HUB_PORT" not in shown
    assert "HUB_WORKERS" not in shown


def test_lines_that_say_nothing_are_reported_unless_they_are_another_programs(
    hub_process: HubProcess,
) -> None:
    hub_process.create_tables()
    lines = f"HUB_PORT=9001\n{CANARY} is no assignment\nTHEIRS='x\nHUB_DATA_DIR=/srv/hub\nHUB_WORKERS='4\n"
    hub_process.env_file.write_text("HUB_PORT=9001\n")
    hub_process.manage("bootstrap")
    hub_process.env_file.write_text(lines)
    shown = " ".join(hub_process.config("show").split())
    for line in (2, 4, 5):
        assert f"{hub_process.env_file}, line {line}: " in shown
    assert "line 3" not in shown
    assert CANARY not in shown
    assert hub_process.config("get", "port") == "9001"


def test_the_database_that_the_file_names_is_remembered_without_it(hub_process: HubProcess) -> None:
    database = hub_process.folder / "my hub.db"
    hub_process.env_file.write_text(f"HUB_DATABASE_PATH='{database}' # here\nHUB_PORT=9001\n")
    hub_process.manage("bootstrap")
    hub_process.env_file.unlink()
    hub_process.manage("bootstrap")
    assert hub_process.config("get", "database_path") == str(database)
    assert hub_process.config("get", "port") == "9001"
    assert database.exists()
    assert not hub_process.database.exists()
