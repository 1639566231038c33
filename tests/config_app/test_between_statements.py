"""Another process that writes between two statements of a reader causes no false alarm (K4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config_app.api import get_config, plan
from config_app.doctor import configuration, keyring
from config_app.encryption import enrolment, rotation, slot_management
from config_app.live.snapshot import read_snapshot
from config_app.presentation.overview import read_overview
from config_app.testing import reset_process
from config_app.transfer.exporting import export
from tests.support.config_command import CANARY
from tests.support.databases.between_statements import before_statement
from tests.support.soak import on_sqlite_first, times

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    slot_management.new_recovery_code(lambda _code: None)


def change() -> None:
    plan({"port": 9001 if get_config().port != 9001 else 9002}).apply()


def rotate() -> None:
    rotation.rotate()


def rotate_at_once() -> None:
    rotation.rotate(at_once=True)


def a_new_process() -> None:
    reset_process()


def a_running_process() -> None:
    """Have a process that knows two data keys, as after an earlier rotation."""
    reset_process()
    rotation.rotate()
    assert get_config().workos_api_key.reveal() == CANARY


def snapshot() -> object:
    found = read_snapshot()
    return found.config.workos_api_key.reveal(), found.problems


def overview() -> object:
    found = read_overview()
    return found.config.workos_api_key.reveal(), found.stored_problems


def exported() -> object:
    return export(with_secrets=True).document.settings["workos_api_key"]


def slots() -> object:
    return [(slot.kind, slot.opens_here, slot.is_genuine) for slot in slot_management.list_slots()]


def doctor() -> object:
    found = read_overview()
    checks = *keyring.CHECKS, *configuration.CHECKS
    return [problem for check in checks for problem in check(found).problems]


READERS: dict[Callable[[], object], object] = {
    snapshot: (CANARY, ()),
    overview: (CANARY, ()),
    exported: CANARY,
    slots: [("machine", True, True), ("recovery", False, True)],
    doctor: [],
    enrolment.opening_kinds: {"machine": True},
    rotation.slots_left_out: [],
}
"""Maps each reader to the result that it must have, whenever another process writes."""


@on_sqlite_first
@pytest.mark.parametrize("process", [a_new_process, a_running_process])
@pytest.mark.parametrize("event", [change, rotate_at_once, rotate][: times(2, 3)])
@pytest.mark.parametrize("reader", READERS)
def test_nothing_seems_wrong_when_another_process_writes_between_two_statements(
    process: Callable[[], None], event: Callable[[], None], reader: Callable[[], object]
) -> None:
    for number in range(100):
        process()
        with before_statement(number, event) as ran:
            found = reader()
        if len(ran) <= number:
            break
        assert found == READERS[reader], f"the other process wrote before statement {number}"
    assert number > 0
