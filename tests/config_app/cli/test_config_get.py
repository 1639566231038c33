"""`config get` prints one value without decoration, for scripts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config_app.api import plan
from config_app.errors import ConfigError, ManagedSetting, UnknownSetting
from config_app.project import get_schema
from tests.support.config_command import CANARY, config, database_content, write_row
from tests.support.processes.hub_process import ROOT, HubProcess


@pytest.mark.parametrize(
    ("changes", "key", "text"),
    [
        ({}, "port", "8884"),
        ({"port": 9001}, "port", "9001"),
        ({"enable_hsts": True}, "enable_hsts", "true"),
        ({"allowed_hosts": ("a.example", "b.example")}, "allowed_hosts", "a.example,b.example"),
        ({}, "allowed_hosts", ""),
        ({}, "csp_report_uri", ""),
    ],
)
def test_it_prints_the_bare_value_in_the_form_in_which_it_is_set(
    install: None, changes: dict[str, object], key: str, text: str
) -> None:
    plan(changes).apply()
    assert config("get", key).out == text


def test_what_it_prints_can_be_set_again(install: None) -> None:
    for setting in get_schema().settings.values():
        if not (setting.is_secret or setting.managed):
            config("set", f"{setting.key}={config('get', setting.key).out}", "--dry-run")


def test_json_is_typed(install: None) -> None:
    found = config("get", "port", "--json").json
    assert (found["key"], found["value"], found["source"]) == ("port", 8884, "default")


def test_a_secret_is_refused_without_reveal(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    for form in ((), ("--json",)):
        with pytest.raises(ConfigError, match="add --reveal") as caught:
            config("get", "workos_api_key", *form)
        assert "canary" not in str(caught.value)


def test_a_secret_is_printed_with_reveal(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    assert config("get", "workos_api_key", "--reveal").out == CANARY
    assert config("get", "workos_api_key", "--reveal", "--json").json["value"] == CANARY


def test_a_secret_that_is_not_set_is_an_empty_line(install: None) -> None:
    assert config("get", "workos_api_key", "--reveal").out == ""


def test_a_secret_that_cannot_be_decrypted_is_refused_with_the_cure(install: None) -> None:
    write_row("workos_api_key", "rubbish", is_secret=True)
    with pytest.raises(ConfigError, match="config set workos_api_key --stdin"):
        config("get", "workos_api_key", "--reveal")


def test_the_salt_is_never_shown(install: None) -> None:
    with pytest.raises(ManagedSetting, match="never shown"):
        config("get", "encryption_key_salt", "--reveal")


@pytest.mark.parametrize(("key", "meant"), [("prot", "port"), ("host", "bind_address"), ("PORT", "port")])
def test_an_unknown_key_is_refused_with_what_was_meant(install: None, key: str, meant: str) -> None:
    with pytest.raises(UnknownSetting, match=f"did you mean {meant}"):
        config("get", key)


def test_the_last_good_value_is_printed_with_a_warning(install: None) -> None:
    plan({"port": 9001}).apply()
    write_row("port", "banana")
    found = config("get", "port")
    assert found.out == "9001"
    assert found.err.startswith("warning: port: the stored value is not valid")


def test_it_never_writes(install: None) -> None:
    write_row("port", "banana")
    before = database_content()
    config("get", "port")
    assert database_content() == before


def test_it_loads_neither_cryptography_nor_the_table_library(hub_process: HubProcess) -> None:
    hub_process.bring_up()
    script = (
        "import sys, manage; sys.argv = ['manage.py', 'config', 'get', 'port']; manage.main();"
        "print([m for m in ('cryptography', 'rich', 'dotenv') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=hub_process.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "8884\n[]\n"
