"""Fixtures for hubs that are already started or claimed; each hub is a copy, see ``brought_up``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers


@pytest.fixture
def started_hub(hub_process: HubProcess) -> HubProcess:
    """Return a hub on SQLite that was started but not claimed."""
    hub_process.bring_up()
    return hub_process


@pytest.fixture
def any_started_hub(any_hub_process: HubProcess) -> HubProcess:
    """Return a hub that was started but not claimed; the test runs on SQLite and on PostgreSQL."""
    any_hub_process.bring_up()
    return any_hub_process


@pytest.fixture
def claimed_hub(hub_process: HubProcess) -> HubProcess:
    """Return a claimed hub on SQLite."""
    hub_process.claim()
    return hub_process


@pytest.fixture
def any_claimed_hub(any_hub_process: HubProcess) -> HubProcess:
    """Return a claimed hub; the test runs on SQLite and on PostgreSQL."""
    any_hub_process.claim()
    return any_hub_process


@pytest.fixture(scope="session")
def started_once(tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """Return a hub that was started but not claimed, for tests that change nothing."""
    hub = HubProcess(tmp_path_factory.mktemp("started"))
    hub.bring_up()
    return hub


@pytest.fixture(scope="session")
def served_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a claimed and served hub that several modules share, on SQLite; see ``left_as_it_was``."""
    with HubProcess(tmp_path_factory.mktemp("served")) as hub:
        hub.claim()
        hub.serve(workers=2)
        wait_for_workers(hub, 2)
        yield hub


@contextlib.contextmanager
def left_as_it_was(hub: HubProcess) -> Iterator[HubProcess]:
    """Roll the hub back afterwards to its current configuration; confirm all changes that wait for that."""
    before = last_revision(hub)
    yield hub
    if last_revision(hub) != before:
        hub.config("rollback", str(before), "--wait")
    for (number,) in hub.sql("SELECT revision_id FROM config_confirmation WHERE outcome = ''"):
        hub.config("confirm", str(number))


def last_revision(hub: HubProcess) -> int:
    """Return the number of the newest revision."""
    return int(hub.sql("SELECT max(number) FROM config_revision")[0][0])
