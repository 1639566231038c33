"""After a claim on another machine, no machine keeps a setup token that is not valid any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.waiting import wait_for


@pytest.fixture
def second(postgresql_server: PostgreSQL, tmp_path: Path) -> tuple[HubProcess, HubProcess]:
    """Return two hubs that share a key and a database; both have a setup token of their own."""
    url = postgresql_server.new_database()
    hubs = tuple(HubProcess(tmp_path / name, database_url=url) for name in ("one", "two"))
    for hub in hubs:
        hub.environment["HUB_ENCRYPTION_KEY"] = "k" * 40
        hub.manage("bootstrap")
        hub.manage("setup_token")
    return hubs[0], hubs[1]


def left(hub: HubProcess) -> bool:
    return (hub.data_dir / "setup-token").exists()


def test_a_running_hub_removes_its_token_when_another_hub_is_claimed(
    second: tuple[HubProcess, HubProcess],
) -> None:
    one, two = second
    with two:
        two.serve(workers=1)
        wait_for_workers(two, 1)
        assert left(two)
        one.claim()
        wait_for(lambda: not left(two), "the token to go")


def test_a_hub_that_was_stopped_removes_its_token_at_its_next_start(
    second: tuple[HubProcess, HubProcess],
) -> None:
    one, two = second
    one.claim()
    assert left(two)
    two.manage("bootstrap")
    assert not left(two)
