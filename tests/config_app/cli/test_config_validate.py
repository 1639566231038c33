"""`config validate` checks all stored values."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config_app.api import plan
from config_app.testing import reset_process
from tests.support.config_command import CANARY, config, database_content, sql, write_row


def complaints(*arguments: str) -> str:
    """Run a validation that must fail; return its output."""
    out = StringIO()
    with pytest.raises(CommandError, match="in the stored configuration"):
        call_command("config", "validate", *arguments, stdout=out)
    return out.getvalue()


def test_a_sound_install_is_valid(install: None) -> None:
    plan({"port": 9001, "workos_api_key": CANARY}).apply()
    assert config("validate").out == "every stored value is valid at revision 2"
    assert config("validate", "--json").json == {"valid": True, "revision": 2, "problems": []}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("port", "banana", "port: the stored value is not valid, expected a whole number"),
        ("app_mode", "workos", "app_mode workos needs workos_client_id and workos_api_key"),
        ("no_such_key", "1", "no_such_key: this version knows no such setting"),
    ],
)
def test_each_problem_is_printed(install: None, key: str, value: str, message: str) -> None:
    write_row(key, value)
    assert message in complaints()


def test_a_secret_that_cannot_be_decrypted_is_a_problem_and_not_shown(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    write_row("workos_api_key", "gAAAAA-canary", is_secret=True)
    found = complaints()
    assert "workos_api_key: the stored secret cannot be decrypted" in found
    assert "canary" not in found


def test_a_lost_key_is_a_problem_for_every_secret(install: None) -> None:
    plan({"workos_api_key": CANARY, "reload_webhook_secret": "0123456789abcdef"}).apply()
    sql("UPDATE config_wrapped_key SET wrapped = 'x'")
    reset_process()
    found = complaints()
    assert "workos_api_key" in found
    assert "reload_webhook_secret" in found


def test_a_value_that_an_import_refused_is_a_problem_until_it_is_settled(install: None) -> None:
    plan({}, refusals={"port": "HUB_PORT was not imported, expected a whole number"}).apply(channel="env")
    assert "port: HUB_PORT was not imported" in complaints()
    config("set", "port", "9001")
    assert config("validate").out.startswith("every stored value is valid")


def test_json_lists_the_problems(install: None) -> None:
    write_row("port", "banana")
    assert '"code": "invalid_value"' in complaints("--json")


def test_it_never_writes(install: None) -> None:
    write_row("port", "banana")
    before = database_content()
    complaints()
    assert database_content() == before
