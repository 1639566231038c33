"""Rolling back to the configuration of an earlier revision."""

from __future__ import annotations

import pytest

from config_app import store
from config_app.api import UNSET, get_config, plan, plan_rollback
from config_app.errors import ConfigError, DatabaseUnavailable, DecryptionFailed, InvalidPlan, StaleRevision
from config_app.models import Change
from hub.models import User
from tests.support.databases.raw_sql import raw_sql, set_row, value_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _owner(transactional_db: None, owner: User) -> None:
    """Work on a claimed install."""


def changed(**changes: object) -> int:
    """Apply changes and return their revision."""
    revision = plan(changes).apply()
    assert revision is not None
    return revision.number


def roll_back(number: int) -> None:
    plan_rollback(number).apply(channel="rollback")


def test_every_setting_is_again_what_it_was() -> None:
    then = changed(port=9001, log_level="debug")
    changed(port=9002, server_workers=3)
    changed(port=UNSET, log_level="error")
    roll_back(then)
    config = get_config()
    assert (config.port, config.log_level, config.server_workers) == (9001, "debug", 2)
    assert value_of("server_workers") is None


def test_a_rollback_is_a_revision_and_can_be_rolled_back() -> None:
    then = changed(port=9001)
    later = changed(port=9002)
    roll_back(then)
    assert store.history()[0].channel == "rollback"
    roll_back(later)
    assert get_config().port == 9002


def test_going_back_to_now_changes_nothing() -> None:
    now = changed(port=9001)
    assert plan_rollback(now).apply() is None


def test_a_secret_comes_back() -> None:
    then = changed(workos_api_key="sk_test_canary0001")
    changed(workos_api_key="sk_test_canary0002")
    changed(workos_api_key=UNSET)
    assert "canary" not in repr(plan_rollback(then))
    roll_back(then)
    assert get_config().workos_api_key.reveal() == "sk_test_canary0001"


def test_what_the_code_keeps_stays() -> None:
    first = store.read().revision
    plan({"database_path": "/elsewhere/hub.db"}, managed=True).apply()
    changed(port=9001)
    roll_back(first)
    assert (get_config().database_path, get_config().port) == ("/elsewhere/hub.db", 8884)


@pytest.mark.parametrize("number", [0, -1, 99])
def test_a_revision_that_does_not_exist_is_refused(number: int) -> None:
    with pytest.raises(ConfigError, match=f"revision {number} does not exist"):
        plan_rollback(number)


def test_a_refused_value_is_never_gone_back_to() -> None:
    changed(port=9001)
    set_row("port", "abc")
    then = changed(log_level="debug")
    changed(port=9002)
    roll_back(then)
    assert get_config().port == 9001


def test_a_value_that_was_always_refused_goes_back_to_the_default() -> None:
    set_row("port", "abc")
    then = changed(log_level="debug")
    changed(port=9002)
    roll_back(then)
    assert get_config().port == 8884


def test_a_rollback_over_a_refused_value_removes_it() -> None:
    then = changed(port=9001)
    set_row("port", "abc")
    roll_back(then)
    assert value_of("port") == "9001"
    assert store.newest_refusals() == []


def test_what_sql_changed_is_recorded_and_gone_back_from() -> None:
    then = changed(port=9001)
    set_row("port", "9002")
    roll_back(then)
    assert get_config().port == 9001
    assert [revision.channel for revision in store.history(limit=2)] == ["rollback", "sql"]


def test_a_row_of_no_setting_is_left_alone() -> None:
    then = store.read().revision
    set_row("banana", "1")
    changed(port=9001)
    roll_back(then)
    assert value_of("banana") == "1"


def test_a_secret_that_can_no_longer_be_decrypted_is_named() -> None:
    then = changed(workos_api_key="sk_test_canary0001")
    changed(workos_api_key="sk_test_canary0002")
    Change.objects.filter(revision=then).update(new_value="gAAAAbanana")
    with pytest.raises(DecryptionFailed, match="workos_api_key"):
        plan_rollback(then)


def test_a_rollback_that_breaks_a_rule_is_refused() -> None:
    unclaimed = 1
    with pytest.raises(InvalidPlan):
        plan_rollback(unclaimed)
    assert get_config().app_mode == "local"


def test_a_rollback_for_an_earlier_revision_than_the_last_is_refused() -> None:
    then = changed(port=9001)
    seen = changed(port=9002)
    changed(port=9003)
    with pytest.raises(StaleRevision):
        plan_rollback(then, base_revision=seen)


def test_without_a_database_the_reason_is_one_line() -> None:
    raw_sql("ALTER TABLE config_revision RENAME TO elsewhere")
    try:
        with pytest.raises(DatabaseUnavailable):
            plan_rollback(1)
    finally:
        raw_sql("ALTER TABLE elsewhere RENAME TO config_revision")
