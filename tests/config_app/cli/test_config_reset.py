"""`config reset` asks first; then it removes secrets, sessions and rights, and keeps the history."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from config_app.api import plan, reload_config
from config_app.cli.verb import WrongCall
from config_app.errors import ConfigError
from config_app.models import Revision
from hub.models import User
from tests.support.config_command import CANARY, config, database_content
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.terminal_session import type_into


def test_it_returns_the_hub_to_unconfigured(owner: User) -> None:
    config("reset", "--yes")
    assert config("show").lines[0] == "Bootstrap State: unconfigured"
    found = reload_config()
    assert (found.app_mode, found.setup_completed) == ("unconfigured", False)


def test_it_clears_secrets_and_keeps_settings_and_history(owner: User) -> None:
    plan({"workos_api_key": CANARY, "port": 9001}).apply()
    before = Revision.objects.count()
    out = config("reset", "--yes", "--reason", "new owner").out
    found = reload_config()
    assert (found.workos_api_key, found.port) == (None, 9001)
    assert Revision.objects.count() == before + 1
    assert Revision.objects.latest("number").reason == "new owner"
    assert "canary" not in out


def test_it_ends_sessions_and_rights(owner: User, owner_client: Client) -> None:
    config("reset", "--yes")
    assert not Session.objects.exists()
    owner.refresh_from_db()
    assert not owner.is_superuser


def test_settings_return_to_their_defaults_on_demand(owner: User) -> None:
    plan({"port": 9001}).apply()
    config("reset", "--yes", "--settings")
    found = reload_config()
    assert (found.port, found.super_admin_emails) == (8884, ())


def test_it_says_how_to_go_on(owner: User) -> None:
    assert config("reset", "--yes").lines[-1] == (
        "The setup wizard is open again; manage.py setup_token prints the link."
    )


def test_a_dry_run_prints_the_plan_and_writes_nothing(owner: User) -> None:
    before = database_content()
    assert "app_mode local → unconfigured (default)" in config("reset", "--dry-run").out
    assert database_content() == before


def test_json_is_the_result_for_programs(owner: User) -> None:
    found = config("reset", "--yes", "--json").json
    assert found["changed"]
    assert {"app_mode", "setup_completed"} <= {change["key"] for change in found["changes"]}


def test_json_cannot_ask(owner: User) -> None:
    with pytest.raises(WrongCall, match="add --yes"):
        config("reset", "--json")


def test_without_a_terminal_it_needs_a_yes(owner: User) -> None:
    before = database_content()
    with pytest.raises(ConfigError, match="add --yes"):
        config("reset")
    assert database_content() == before


@pytest.mark.parametrize("arguments", [("--settings",), ("--settings", "--yes"), ("--yes", "--settings")])
def test_its_options_are_not_taken_for_those_of_every_command(
    started_once: HubProcess, arguments: tuple[str, ...]
) -> None:
    assert "plan for revision 2" in started_once.config("reset", *arguments, "--dry-run")


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("YES\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_on_a_terminal_it_asks_first(started_hub: HubProcess, typed: str, status: int) -> None:
    found, screen = type_into(started_hub, "config", "reset", typed=typed)
    assert found == status, screen
    assert "[y/N]" in screen
    assert len(started_hub.sql("SELECT number FROM config_revision")) == 2 - status
    assert ("error: not confirmed, so nothing was changed" in screen) == bool(status)
