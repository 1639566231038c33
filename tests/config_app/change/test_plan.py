"""Planning and applying changes."""

from __future__ import annotations

import getpass
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from config_app import store
from config_app.api import UNSET, get_config, plan
from config_app.errors import DatabaseUnavailable, InvalidPlan, StaleRevision
from config_app.live import runtime
from config_app.models import Change, Revision, SystemConfig
from config_app.testing import reset_process
from tests.support import generated_schema
from tests.support.browsers import editor
from tests.support.databases.raw_sql import raw_sql

pytestmark = pytest.mark.django_db(transaction=True)

CREDENTIALS = {
    "workos_client_id": "client_1",
    "workos_api_key": "sk_test_12345678",
    "workos_cookie_password": "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc=",
}


@pytest.fixture(autouse=True)
def _installed(transactional_db: None, install: None) -> None:
    """Work on an install."""


def test_a_change_is_in_force_once_it_is_applied() -> None:
    plan({"port": "9001"}).apply(reason="for the test")
    assert get_config().port == 9001


def test_code_that_names_no_channel_is_a_channel_of_its_own() -> None:
    revision = plan({"port": 9001}).apply()
    assert revision is not None
    assert revision.channel == "code"


def test_a_plan_writes_nothing() -> None:
    plan({"port": "9001"})
    assert not SystemConfig.objects.filter(pk="port").exists()


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(InvalidPlan) as caught:
        plan({"port": "abc", "server_workers": "0", "banana": "1"})
    assert {key for error in caught.value.errors for key in error.keys} == {
        "port",
        "server_workers",
        "banana",
    }


def test_a_revision_says_who_when_and_why() -> None:
    revision = plan({"port": 9001}).apply(actor="ada", channel="cli", reason="behind nginx")
    assert revision is not None
    assert (revision.actor, revision.channel, revision.reason) == ("ada", "cli", "behind nginx")
    assert list(revision.changes.values_list("key", "old_value", "new_value")) == [("port", None, "9001")]


def test_nothing_new_makes_no_revision() -> None:
    plan({"port": 9001}).apply()
    assert plan({"port": "9001"}).apply() is None


def test_unset_returns_to_the_default() -> None:
    plan({"port": 9001}).apply()
    plan({"port": UNSET}).apply()
    assert get_config().port == 8884


def test_a_plan_for_an_earlier_revision_is_refused() -> None:
    base = Revision.objects.latest("number").number
    plan({"port": 9001}).apply()
    with pytest.raises(StaleRevision) as caught:
        plan({"port": 9002}, base_revision=base)
    assert [str(revision) for revision in caught.value.diff] == [f"revision {base + 1}"]


def test_a_secret_is_stored_and_recorded_as_ciphertext_only() -> None:
    plan({"workos_api_key": "sk_test_canary12345"}).apply()
    row = SystemConfig.objects.get(pk="workos_api_key")
    assert row.is_secret
    assert "canary" not in row.config_value
    assert "canary" not in str(Change.objects.filter(key="workos_api_key").values())
    assert get_config().workos_api_key.reveal() == "sk_test_canary12345"


def test_the_difference_of_a_plan_masks_secrets() -> None:
    assert "canary" not in repr(plan({"workos_api_key": "sk_test_canary12345"}).differences)


def queries_of_a_change(name: str, count: int) -> int:
    """Return how many queries it takes to plan and apply a change while ``count`` settings are stored."""
    with generated_schema.project(name):
        plan({f"extra_{n}": n + 1 for n in range(count)}).apply()
        get_config()
        with CaptureQueriesContext(connection) as captured:
            plan({f"extra_{n}": 7777 for n in range(5)}).apply()
    return len(captured)


def test_planning_and_applying_take_as_many_queries_for_300_settings_as_for_20() -> None:
    few, many = queries_of_a_change("Few", 20), queries_of_a_change("Many", 300)
    assert few == many <= 13


def test_what_only_the_code_writes_can_be_neither_set_nor_unset() -> None:
    for value in ("true", UNSET):
        with pytest.raises(InvalidPlan, match="setup_completed: cannot be set by hand"):
            plan({"setup_completed": value})
        with pytest.raises(InvalidPlan, match="database_path: cannot be set by hand"):
            plan({"database_path": value})
    with pytest.raises(InvalidPlan, match="encryption_key_salt: no such setting"):
        plan({"encryption_key_salt": UNSET})


def test_code_may_unset_what_only_it_writes() -> None:
    plan({"setup_completed": True}, managed=True).apply()
    plan({"setup_completed": UNSET}, managed=True).apply()
    assert get_config().setup_completed is False


def test_two_valid_plans_that_contradict_each_other_are_not_both_applied() -> None:
    claimed = {"setup_completed": True, "super_admin_emails": "owner@example.com"}
    plan({**claimed, **CREDENTIALS}, managed=True).apply()
    first, second = plan({"app_mode": "workos"}), plan({"workos_api_key": UNSET})
    first.apply()
    with pytest.raises(InvalidPlan, match="app_mode workos needs workos_api_key"):
        second.apply()
    assert get_config().workos_api_key is not None


def test_a_stale_plan_is_refused_when_it_is_applied_too_and_changes_nothing() -> None:
    base = store.read().revision
    drawn = plan({"port": 9002}, base_revision=base)
    plan({"port": 9001}).apply()
    with pytest.raises(StaleRevision) as caught:
        drawn.apply()
    assert (caught.value.expected, caught.value.actual) == (base, base + 1)
    assert get_config().port == 9001
    assert store.read().revision == base + 1


def test_what_sql_changed_makes_a_plan_stale_but_writing_the_same_again_does_not() -> None:
    plan({"port": 9001}).apply()
    base = store.read().revision
    raw_sql("UPDATE system_config SET config_value = config_value")
    plan({"port": 9002}, base_revision=base).apply()
    raw_sql("UPDATE system_config SET config_value = '9003' WHERE config_key = 'port'")
    with pytest.raises(StaleRevision) as caught:
        plan({"port": 9004}, base_revision=base + 1)
    assert (caught.value.expected, caught.value.actual) == (base + 1, base + 2)


def port_seen_by_others() -> int:
    """Return the port that another thread reads, outside the transaction of this thread."""

    def read() -> int:
        try:
            return int(get_config().port)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(read).result()


@pytest.mark.parametrize("knows_before", [True, False])
def test_a_change_that_is_rolled_back_leaves_no_trace(knows_before: bool) -> None:
    reset_process()
    if knows_before:
        get_config()
    before = store.read()

    def change_and_fail() -> None:
        with transaction.atomic():
            plan({"port": 9001, "workos_api_key": "sk_test_canary12345"}).apply()
            assert get_config().port == 9001, "the transaction sees its own write"
            assert port_seen_by_others() == 8884, "nothing is current before the commit"
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()
    assert store.read() == before
    assert (get_config().port, get_config().workos_api_key) == (8884, None)
    assert runtime.get_snapshot().revision == before.revision


def test_a_commit_stays_one_when_the_database_fails_right_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reset_process()

    def unavailable(*_: object) -> None:
        raise DatabaseUnavailable("it went away")

    drawn = plan({"port": 9001})
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "read_snapshot", unavailable)
        assert drawn.apply() is not None
    assert get_config().port == 9001


def test_someone_without_the_right_to_a_setting_is_refused_and_nothing_changes() -> None:
    staff = editor.staff("change_systemconfig", email="staff@example.com")
    before = store.read()
    with pytest.raises(InvalidPlan, match="allowed_hosts: you are not permitted to change this setting"):
        plan({"allowed_hosts": "a.example", "port": 9001}).apply(actor=staff)
    assert store.read() == before
    revision = plan({"port": 9001}).apply(actor=staff)
    assert revision is not None
    assert revision.actor == "staff@example.com"


def test_history_names_whoever_uses_the_shell_where_nobody_is_named() -> None:
    revision = plan({"port": 9001}).apply()
    assert revision is not None
    assert revision.actor == getpass.getuser()


def test_a_changed_secret_differs_from_the_old_one_without_showing_either() -> None:
    plan({"workos_api_key": "sk_test_canary12345"}).apply()
    assert plan({"workos_api_key": "sk_test_canary12345"}).differences == ()
    (difference,) = plan({"workos_api_key": "sk_test_canary67890"}).differences
    assert (difference.old, difference.new) == ("✓ configured", "✓ configured (new)")


def test_nothing_about_a_plan_shows_a_secret() -> None:
    plan({"workos_api_key": "sk_test_canary12345"}).apply()
    drawn = plan({"workos_api_key": "sk_test_canary67890"})
    assert "canary" not in repr(drawn)
    assert "canary" not in repr(drawn.edits)
    assert "canary" not in repr(drawn.changes)


def test_a_value_that_an_import_refused_is_settled_by_setting_it_to_what_it_is() -> None:
    for settle in ("8884", UNSET):
        plan({}, refusals={"port": "HUB_PORT was not imported"}).apply(channel="env")
        assert [change.key for change in store.newest_refusals()] == ["port"]
        plan({"log_level": "debug" if settle is UNSET else "info"}).apply()
        assert [change.key for change in store.newest_refusals()] == ["port"]
        plan({"port": settle}).apply()
        assert store.newest_refusals() == []


def test_an_empty_plan_changes_nothing() -> None:
    assert plan({}).apply() is None
