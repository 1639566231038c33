"""Behind a transaction pooler there are no notifications: processes poll, and warnings say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.start.test_one_bootstrap import START, history, outcomes
from tests.support.databases.pgbouncer import pooled
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import ask_every_worker, wait_for_workers
from tests.support.processes.simultaneous import crew
from tests.support.waiting import wait_for

WORKERS = 2
SAYS_SO = "a connection pooler hides notifications, so processes poll every 1 s"


@pytest.fixture
def url(postgresql_server: PostgreSQL) -> Iterator[str]:
    """Give the URL of an empty database; the URL leads through a pooler."""
    with pooled(postgresql_server, postgresql_server.new_database()) as through:
        yield through


@pytest.fixture
def hub(url: str, tmp_path: Path) -> Iterator[HubProcess]:
    """Give a served hub that uses this URL."""
    with HubProcess(tmp_path / "hub", database_url=url) as served:
        served.serve(workers=WORKERS)
        wait_for_workers(served, WORKERS)
        yield served


def test_changes_are_in_force_soon_and_it_says_why_not_at_once(hub: HubProcess) -> None:
    done = hub.config("set", "port=9001", "--wait", "20").splitlines()
    assert done[-1].startswith("3 of 3 processes at revision 2, slowest ")
    hub.sql("UPDATE system_config SET config_value = '9002' WHERE config_key = 'port'")
    wait_for(lambda: hub.config("get", "port") == "9002", "the change by SQL")
    for report in ask_every_worker(hub, WORKERS).values():
        assert report["stale_since"] is None
        assert [problem["code"] for problem in report["problems"]] == ["behind_pooler"]
    assert f"warning: {SAYS_SO}" in hub.config("show")
    assert "behind_pooler" in [p["code"] for p in json.loads(hub.config("show", "--json"))["problems"]]
    assert SAYS_SO in hub.log.read_text()
    assert "Traceback" not in hub.log.read_text()


def test_one_of_many_brings_the_install_up(url: str, tmp_path: Path) -> None:
    hubs = [HubProcess(tmp_path / f"machine{n}", database_url=url) for n in range(6)]
    for hub in hubs:
        hub.environment["HUB_ENCRYPTION_KEY"] = "a key that all of the machines have"
    with crew(hubs, START) as started:
        assert len(set(outcomes(started))) == 1
    assert history(hubs[0]) == [(1, "bootstrap")]
