"""An action that is killed at any point leaves the old state or the new state, never a mix (R1, S4)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.support.processes.failing_actions import (
    FIRST_START,
    IN_THE_WIZARD,
    ON_A_RUNNING_HUB,
    RESTORE,
    ROTATION,
)
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import IS_SOAK, times

Facts = dict[str, Any]

ON_POSTGRESQL = {"set", "claim", RESTORE, ROTATION}
"""The actions that ``make test`` also kills on PostgreSQL; ``make soak`` kills all actions on it."""


def on_databases(*actions: str) -> pytest.MarkDecorator:
    """Run a test for each of the actions: on SQLite, and on PostgreSQL."""
    both = itertools.product(("sqlite", "postgresql"), actions)
    chosen = [pair for pair in both if IS_SOAK or pair[0] == "sqlite" or pair[1] in ON_POSTGRESQL]
    return pytest.mark.parametrize(("any_hub_process", "action"), chosen, indirect=["any_hub_process"])


def stride(hub: HubProcess, action: str) -> int:
    """Return the distance between the points at which a process is killed; it is 1 in ``make soak``."""
    if action == RESTORE:  # it has several times as many points as the other actions
        return times(16, 1)
    return times(12 if hub.database_url else 5, 1)


def kill_at_every_point(hub: HubProcess, action: str) -> tuple[Facts, Facts, list[Facts]]:
    """Return the facts before an action, after it, and after a restart for each kill."""
    if action != FIRST_START:
        hub.bring_up()
    done = hub.run_script("tests/support/processes/failpoints.py", action, str(stride(hub, action)))
    assert done.returncode == 0, done.stderr
    before, after, *killed = map(json.loads, done.stdout.splitlines())
    return before, after, killed


def require_sound(facts: Facts) -> None:
    """Fail if values and history differ or the database is damaged."""
    assert facts["history_agrees"]
    assert not facts["drifted"]
    assert facts["integrity"] in ([["ok"]], [])


def require_old_then_new(before: Facts, after: Facts, killed: list[Facts]) -> None:
    """Fail unless each kill before the commit gives the old state and each later kill the new state."""
    assert before != after
    assert killed[0] == before
    assert killed[-1] == after
    assert killed == [before] * killed.count(before) + [after] * killed.count(after)


@pytest.mark.repeats
@on_databases(*ON_A_RUNNING_HUB)
def test_a_change_killed_anywhere_is_made_or_not(any_hub_process: HubProcess, action: str) -> None:
    before, after, killed = kill_at_every_point(any_hub_process, action)
    require_sound(before)
    require_sound(after)
    require_old_then_new(before, after, killed)


@pytest.mark.repeats
@on_databases(*IN_THE_WIZARD)
def test_the_wizard_killed_anywhere_goes_on_or_is_done(any_hub_process: HubProcess, action: str) -> None:
    before, after, killed = kill_at_every_point(any_hub_process, action)
    require_sound(after)
    require_old_then_new(before, after, killed)


@pytest.mark.repeats
@on_databases(FIRST_START)
def test_an_import_killed_anywhere_is_complete_after_the_next_start(
    any_hub_process: HubProcess, action: str
) -> None:
    before, after, killed = kill_at_every_point(any_hub_process, action)
    require_sound(after)
    assert after["settings"]["port"] == 9001
    assert after["settings"]["workos_api_key"] == "sk_test_canary"
    assert len(killed) * stride(any_hub_process, action) > 30
    assert [facts for facts in (before, *killed) if facts != after] == []


@pytest.mark.repeats
@on_databases(ROTATION)
def test_a_rotation_killed_anywhere_leaves_every_secret_readable(
    any_hub_process: HubProcess, action: str
) -> None:
    before, after, killed = kill_at_every_point(any_hub_process, action)
    require_sound(after)
    assert before["archived"]
    assert len(killed) * stride(any_hub_process, action) > 20
    assert [facts for facts in (before, *killed) if facts != after] == []
