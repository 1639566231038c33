"""`config rollback` makes a new revision with the configuration of an earlier one."""

from __future__ import annotations

import pytest

from config_app.api import plan, reload_config
from config_app.errors import ConfigError, StaleRevision
from config_app.models import Revision
from tests.support.config_command import CANARY, config, database_content, sql


@pytest.fixture(autouse=True)
def _three_revisions(install: None) -> None:
    """Give an install at revision 3: revision 2 set the port and the key, revision 3 changed both."""
    plan({"port": 9001, "workos_api_key": CANARY}).apply()
    plan({"port": 9002, "workos_api_key": f"{CANARY}2", "log_level": "debug"}).apply()


def test_it_returns_every_setting_to_what_it_was() -> None:
    assert config("rollback", "2").lines[0].startswith("revision 4: ")
    found = reload_config()
    assert (found.port, found.log_level, found.workos_api_key.reveal()) == (9001, "info", CANARY)


def test_the_output_masks_secrets() -> None:
    assert "canary" not in config("rollback", "2").out


def test_history_says_what_it_was() -> None:
    config("rollback", "2")
    revision = Revision.objects.latest("number")
    assert (revision.channel, revision.reason) == ("cli", "rollback to revision 2")


def test_a_reason_of_ones_own_is_kept() -> None:
    config("rollback", "2", "--reason", "it broke")
    assert Revision.objects.latest("number").reason == "it broke"


def test_a_dry_run_writes_nothing() -> None:
    before = database_content()
    assert "port 9002 → 9001" in config("rollback", "2", "--dry-run").out
    assert database_content() == before


def test_the_current_revision_is_nothing_to_change() -> None:
    assert config("rollback", "3").out.startswith("nothing to change")


def test_a_revision_that_does_not_exist_is_refused() -> None:
    before = database_content()
    with pytest.raises(ConfigError, match="revision 99 does not exist"):
        config("rollback", "99")
    assert database_content() == before


def test_a_secret_that_no_longer_decrypts_is_refused() -> None:
    sql("UPDATE config_change SET new_value = 'x', old_value = 'x' WHERE key = 'workos_api_key'")
    before = database_content()
    with pytest.raises(ConfigError, match="workos_api_key: the stored secret cannot be decrypted"):
        config("rollback", "2")
    assert database_content() == before


def test_a_call_for_an_earlier_revision_is_refused() -> None:
    with pytest.raises(StaleRevision):
        config("rollback", "1", "--if-revision", "2")
