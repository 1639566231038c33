"""A change that could lock its author out reverts by itself unless it is confirmed."""

from __future__ import annotations

import pytest

from config_app import store
from config_app.api import get_config, plan
from config_app.change import confirmation
from config_app.errors import ConfigError
from config_app.models import Revision
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import times
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("transactional_db", "install")]


def change_port(port: int, seconds: float) -> Revision:
    revision = plan({"port": port}).apply(confirm_within=seconds)
    assert revision is not None
    return revision


def test_it_is_in_force_while_it_waits() -> None:
    change_port(9001, 300)
    assert get_config().port == 9001


def test_it_stays_as_long_as_it_has_time() -> None:
    change_port(9001, 300)
    assert confirmation.revert_overdue() == []
    assert get_config().port == 9001


def test_it_reverts_once_its_time_has_passed() -> None:
    revision = change_port(9001, 0)
    (revert,) = confirmation.revert_overdue()
    assert get_config().port == 8884
    assert (revert.channel, revert.reason) == (
        "revert",
        f"revision {revision.number} was not confirmed in time",
    )


def test_it_reverts_once() -> None:
    change_port(9001, 0)
    confirmation.revert_overdue()
    assert confirmation.revert_overdue() == []


def test_a_confirmed_one_stays() -> None:
    revision = change_port(9001, 0)
    confirmation.confirm(revision.number)
    assert confirmation.revert_overdue() == []
    assert get_config().port == 9001


def test_confirming_in_vain_says_so() -> None:
    revision = change_port(9001, 0)
    confirmation.revert_overdue()
    with pytest.raises(ConfigError, match="is not waiting for a confirmation"):
        confirmation.confirm(revision.number)


def test_what_somebody_changed_again_since_is_left_alone() -> None:
    change_port(9001, 0)
    plan({"port": 9002}).apply()
    confirmation.revert_overdue()
    assert get_config().port == 9002


def test_several_revert_in_the_order_they_came() -> None:
    change_port(9001, 0)
    change_port(9002, 0)
    confirmation.revert_overdue()
    assert get_config().port == 8884


def test_what_waits_for_the_same_settings_waits_as_long() -> None:
    change_port(9001, 0)
    last = change_port(9002, 300)
    assert confirmation.revert_overdue() == []
    confirmation.revert(last.number, actor="ada")
    assert get_config().port == 9001
    assert [waiting.number for waiting in confirmation.waiting()] == [last.number - 1]


def test_what_waits_for_other_settings_does_not() -> None:
    change_port(9001, 0)
    plan({"log_level": "debug"}).apply(confirm_within=300)
    confirmation.revert_overdue()
    assert (get_config().port, get_config().log_level) == (8884, "debug")


def test_it_can_be_reverted_before_its_time() -> None:
    revision = change_port(9001, 300)
    revert = confirmation.revert(revision.number, actor="ada")
    assert revert is not None
    assert (get_config().port, revert.actor, revert.channel) == (8884, "ada", "revert")
    with pytest.raises(ConfigError, match="is not waiting for a confirmation"):
        confirmation.revert(revision.number, actor="ada")


def test_reverting_leaves_no_trace_of_a_write_past_the_store() -> None:
    change_port(9001, 0)
    confirmation.revert_overdue()
    assert not store.read().drifted


@pytest.mark.repeats
@pytest.mark.parametrize("any_hub_process", ["postgresql", "sqlite"][: times(1, 2)], indirect=True)
def test_a_served_hub_reverts_by_itself(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    hub.manage("shell", "-c", "from config_app.api import plan; plan({'port': 9001}).apply(confirm_within=1)")
    hub.serve(workers=1)
    wait_for(lambda: hub.config("get", "port") == "8884", "the port to revert")
    newest = hub.sql("SELECT channel FROM config_revision ORDER BY number DESC LIMIT 1")
    assert newest == [("revert",)]
