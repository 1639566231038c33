"""`config prune` asks first; then it removes old history, and rows without a setting."""

from __future__ import annotations

import pytest

from config_app.api import plan
from config_app.cli.verb import WrongCall
from config_app.errors import ConfigError
from config_app.models import Revision, SystemConfig
from tests.support.config_command import CANARY, config, database_content, write_row


def test_a_row_without_a_setting_is_removed_as_a_revision(install: None) -> None:
    write_row("no_such_key", "1")
    out = config("prune", "--yes", "--reason", "tidy").lines
    assert out[0] == "removed no_such_key: no setting has this key"
    assert not SystemConfig.objects.filter(pk="no_such_key").exists()
    last = Revision.objects.latest("number")
    assert (last.channel, last.reason) == ("cli", "tidy")
    assert out[-1] == f"the last revision is {last.number}"
    assert config("validate").out.startswith("every stored value is valid")


def test_a_dry_run_writes_nothing(install: None) -> None:
    write_row("no_such_key", "1")
    before = database_content()
    assert config("prune", "--keep", "1", "--dry-run").lines[-1] == "dry run: nothing was written"
    assert config("prune", "--dry-run", "--json").json["rows"] == ["no_such_key"]
    assert database_content() == before


def test_a_key_that_may_be_a_value_is_not_repeated(install: None) -> None:
    write_row(f"{CANARY}!", "1")
    out = config("prune", "--yes").out
    assert "removed a row whose name is not a valid key" in out
    assert CANARY not in out


def test_without_a_yes_nothing_is_removed(install: None) -> None:
    write_row("no_such_key", "1")
    with pytest.raises(ConfigError, match="standard input is not a terminal"):
        config("prune")
    with pytest.raises(WrongCall, match="with --json, the command cannot ask"):
        config("prune", "--json")
    assert SystemConfig.objects.filter(pk="no_such_key").exists()


def test_with_nothing_to_remove_nothing_is_asked(install: None) -> None:
    assert config("prune").out == "nothing to prune"


def test_the_salt_and_every_secret_stay(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    for number in range(9001, 9005):
        plan({"port": number}).apply()
    done = config("prune", "--keep", "1", "--yes", "--json").json
    assert (done["changed"], done["history_begins"], done["rows"]) == (True, 6, [])
    assert config("get", "workos_api_key", "--reveal").out == CANARY
    facts = {fact["name"]: fact["status"] for fact in config("doctor", "--json").json["facts"]}
    assert {facts["history"], facts["secrets"], facts["archived_secrets"]} == {"ok"}


def test_a_rollback_to_removed_history_is_refused(install: None) -> None:
    for number in range(9001, 9005):
        plan({"port": number}).apply()
    config("prune", "--keep", "2", "--yes")
    with pytest.raises(
        ConfigError, match="revision 2 is older than revision 4, with which the history begins"
    ):
        config("rollback", "2")
    config("rollback", "4")
    assert config("get", "port").out == "9003"
