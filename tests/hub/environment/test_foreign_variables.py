"""Variables of other programs change nothing, and a variable that cannot be used hides no other (R17)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.environment.env_file import read_env_file
from hub.environment.env_import import drift, read_import, unknown
from hub.environment.foreign_variables import remove_variables_of_servers, use_own_settings
from hub.runtime_config import get_config, schema
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.served_hub import wait_for_workers

CANARY = "canary4711"
LINK = "tcp://10.96.0.7:8884"
LINKS = {
    "HUB_PORT": LINK,
    "HUB_SERVICE_HOST": "10.96.0.7",
    "HUB_SERVICE_PORT": "8884",
    "HUB_SERVICE_PORT_HTTP": "8884",
    "HUB_PORT_8884_TCP": LINK,
    "HUB_PORT_8884_TCP_PROTO": "tcp",
    "HUB_PORT_8884_TCP_ADDR": "10.96.0.7",
    "HUB_DATABASE_PORT": "tcp://10.96.0.8:5432",
    "HUB_DATABASE_SERVICE_HOST": "10.96.0.8",
    "HUB_DATA_PORT": "udp://10.96.0.9:53",
    "WORKOS_PORT_443_TCP": "tcp://10.96.0.9:443",
}
GOOD = {
    "HUB_HOST": "0.0.0.0",  # noqa: S104
    "HUB_PORT": "9001",
    "HUB_PUBLIC_URL": "https://hub.example.com",
    "HUB_ALLOWED_HOSTS": "hub.example.com",
    "HUB_TRUSTED_PROXIES": "10.0.0.0/8",
    "HUB_ALLOWED_ORIGINS": "https://app.example.com",
    "HUB_ENABLE_HSTS": "true",
    "HUB_CSP_REPORT_URI": "https://csp.example.com/r",
    "SUPER_ADMIN_EMAILS": "ada@example.com",
    "WORKOS_CLIENT_ID": "client_4711",
    "WORKOS_API_KEY": "sk_test_4711abcd",
    "WORKOS_AUTHKIT_DOMAIN": "https://example.authkit.app",
    "WORKOS_COOKIE_PASSWORD": "A" * 43 + "=",
    "HUB_WORKERS": "4",
    "HUB_LOG_LEVEL": "debug",
}
"""A valid value for each variable that is imported."""
every_variable = pytest.mark.parametrize("name", GOOD)


def test_every_imported_variable_is_tried() -> None:
    names = {s.imported_from[0] for s in schema.settings.values() if s.imported_from and not s.managed}
    assert GOOD.keys() == names


@every_variable
@pytest.mark.parametrize("text", ["", " ", "\t", f'"{CANARY} "', "${" + CANARY + "}", f"{CANARY} \u200b"])
def test_a_variable_that_cannot_be_used_hides_no_line_of_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    (tmp_path / ".env").write_text(f"{name}={GOOD[name]}\n")
    file = read_env_file(tmp_path / ".env")
    alone = read_import({}, file)
    assert read_import({name: text}, file) == alone
    assert len(alone.values) == 1
    if text.strip() or not name.startswith("WORKOS_"):  # an empty secret is a placeholder of a template
        assert f"{name} of the process environment is ignored, because it is " in caplog.text
        assert f"{name} of {file.path} is used" in caplog.text
    assert CANARY not in caplog.text


def test_a_service_link_hides_no_line_of_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".env").write_text("HUB_PORT=9001\n")
    file = read_env_file(tmp_path / ".env")
    found = read_import(LINKS, file)
    assert (found.values, found.refusals) == ({"port": 9001}, {})
    assert "HUB_PORT of the process environment has no effect, because Kubernetes or Docker" in caplog.text
    assert unknown(LINKS, file) == []


def test_a_service_link_alone_is_no_refused_value(tmp_path: Path) -> None:
    found = read_import(LINKS, read_env_file(tmp_path / ".env"))
    assert (found.values, found.refusals) == ({}, {})


def test_a_service_link_is_named_as_what_it_is(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in LINKS.items():
        monkeypatch.setenv(name, text)
    (problem,) = drift(get_config())
    assert (problem.code, problem.keys, problem.severity) == ("env_service_link", ("port",), "info")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hub_port", "HUB_PORT"),
        ("Hub_Port", "HUB_PORT"),
        ("port", "HUB_PORT"),
        ("hub_data_dir", "HUB_DATA_DIR"),
        ("data_dir", "HUB_DATA_DIR"),
        ("bind_address", "HUB_HOST"),
        ("super_admin_emails", "SUPER_ADMIN_EMAILS"),
        ("workos_client_id", "WORKOS_CLIENT_ID"),
        ("hub_prot", "HUB_PORT"),
        ("\ufeffHUB_PORT", "HUB_PORT"),
        ("HUB_PORT ", "HUB_PORT"),
    ],
)
def test_another_spelling_is_misspelt_wherever_it_is(tmp_path: Path, name: str, meant: str) -> None:
    file = read_env_file(tmp_path / ".env")
    (problem,) = unknown({name: "9001"}, file)
    assert problem.fix == f"did you mean {meant}?"
    if name.strip() == name and name.isprintable():
        (tmp_path / ".env").write_text(f"{name}=9001\n")
        (problem,) = unknown({}, read_env_file(tmp_path / ".env"))
        assert problem.fix == f"did you mean {meant}?"


def test_a_key_in_capital_letters_is_misspelt_only_in_the_file_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nDATABASE_URL=postgres://x/y\nHOSTNAME=web\n")
    (problem,) = unknown({"PORT": "9001", "LOG_LEVEL": "x"}, read_env_file(tmp_path / ".env"))
    assert problem.message.startswith("PORT of /")


@pytest.mark.parametrize(
    "module", ["mysite.settings", "config.settings.production", "", "hub.nowhere", "..."]
)
def test_the_settings_of_another_project_are_not_used(module: str) -> None:
    environ = {"DJANGO_SETTINGS_MODULE": module}
    use_own_settings(environ)
    assert environ == {"DJANGO_SETTINGS_MODULE": "hub.settings"}


@pytest.mark.parametrize("entry", ["hub.wsgi", "hub.asgi"])
def test_each_entry_uses_the_settings_of_the_hub(hub_process: HubProcess, entry: str) -> None:
    code = f"import {entry}; from django.conf import settings; print(settings.ROOT_URLCONF)"
    environment = hub_process.environment | {"DJANGO_SETTINGS_MODULE": "mysite.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("hub.urls\n", "")


def test_a_served_hub_ignores_what_belongs_to_other_programs(hub_process: HubProcess) -> None:
    port = hub_process.port
    hub_process.env_file.write_text(f"HUB_PORT={port}\nHUB_WORKERS=1\n")
    foreign = {
        **LINKS,
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1 --workers 3 --config /nowhere.py",
        "GUNICORN_PID": "1",
        "WEB_CONCURRENCY": "auto",
        "SENDFILE": "perhaps",
        "FORWARDED_ALLOW_IPS": "*",
        "UVICORN_PORT": "1",
    }
    hub_process._start(hub_process.command("serve"), foreign)
    assert hub_process.health()["state"] == "unconfigured"
    wait_for_workers(hub_process, 1)  # the master may write its receipt after the first answer
    processes = json.loads(hub_process.config("show", "--json"))["processes"]
    assert [process["pins"] for process in processes if process["role"] == "master"] == [{}]
    log = hub_process.log.read_text()
    assert "FORWARDED_ALLOW_IPS, GUNICORN_CMD_ARGS, GUNICORN_PID, SENDFILE, UVICORN_PORT, WEB_CONC" in log
    assert "Traceback" not in log


def test_only_the_variables_of_servers_are_removed() -> None:
    environ = {"PORT": "1", "LISTEN_FDS": "1", "GUNICORN_CMD_ARGS": "-w 3", "MY_GUNICORN_X": "1"}
    assert remove_variables_of_servers(environ) == ["GUNICORN_CMD_ARGS"]
    assert environ.keys() == {"PORT", "LISTEN_FDS", "MY_GUNICORN_X"}
