"""`config unset` restores the default and removes the row."""

from __future__ import annotations

import pytest

from config_app.api import plan, reload_config
from config_app.errors import InvalidPlan, ManagedSetting, StaleRevision
from config_app.models import SystemConfig
from hub.models import User
from tests.support.config_command import CANARY, config, database_content


def test_it_returns_to_the_default(install: None) -> None:
    plan({"port": 9001}).apply()
    assert config("unset", "port").lines[0] == "revision 3: port 9001 → 8884 (default)"
    assert reload_config().port == 8884
    assert not SystemConfig.objects.filter(pk="port").exists()


def test_several_settings_are_one_revision(install: None) -> None:
    plan({"port": 9001, "log_level": "debug"}).apply()
    changes = config("unset", "port", "--reason", "tidy up", "log_level", "--json").json
    assert (changes["revision"], len(changes["changes"])) == (3, 2)
    assert all(change["to_default"] for change in changes["changes"])


def test_a_secret_is_removed(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    assert config("unset", "workos_api_key").out == "revision 3: workos_api_key ✓ configured → not set"
    assert reload_config().workos_api_key is None


def test_what_is_not_set_is_nothing_to_change(install: None) -> None:
    before = database_content()
    assert config("unset", "port").out.startswith("nothing to change")
    assert database_content() == before


def test_a_dry_run_writes_nothing(install: None) -> None:
    plan({"port": 9001}).apply()
    before = database_content()
    assert "port 9001 → 8884 (default)" in config("unset", "port", "--dry-run").out
    assert database_content() == before


@pytest.mark.parametrize(
    ("key", "message"),
    [("prot", "did you mean port"), ("setup_completed", "by hand"), ("database_path", "by hand")],
)
def test_what_cannot_be_unset_is_refused(install: None, key: str, message: str) -> None:
    before = database_content()
    with pytest.raises(InvalidPlan, match=message):
        config("unset", key)
    assert database_content() == before


def test_the_salt_cannot_be_unset(install: None) -> None:
    with pytest.raises(ManagedSetting, match="encryption_key_salt"):
        config("unset", "encryption_key_salt")


def test_what_the_hub_needs_cannot_be_unset(owner: User) -> None:
    with pytest.raises(InvalidPlan, match="super_admin_emails"):
        config("unset", "super_admin_emails")


def test_a_call_for_an_earlier_revision_is_refused(install: None) -> None:
    plan({"port": 9001}).apply()
    with pytest.raises(StaleRevision):
        config("unset", "port", "--if-revision", "1")
