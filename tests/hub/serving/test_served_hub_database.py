"""The database of a served hub disappears and comes back (requirements S1, R3, R7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import ask_every_worker, owner_of, post, visitor, wait_for_workers
from tests.support.waiting import wait_for

WORKERS = 2


@pytest.fixture
def hub(started_hub: HubProcess) -> Iterator[HubProcess]:
    """Give a claimed hub that is served by two workers."""
    started_hub.claim()
    started_hub.serve(workers=WORKERS)
    wait_for_workers(started_hub, WORKERS)
    yield started_hub
    started_hub.stop()


def is_stale(hub: HubProcess) -> set[bool]:
    """Return, as a set, whether the configuration of each worker is stale."""
    return {report["stale_since"] is not None for report in ask_every_worker(hub, WORKERS).values()}


def test_pages_that_need_it_say_so_and_everything_recovers_by_itself(hub: HubProcess) -> None:
    away = hub.data_dir / "away.db"
    with owner_of(hub) as owner, visitor(hub) as stranger:
        assert owner.get("/").status_code == 200
        hub.database.rename(away)
        wait_for(lambda: is_stale(hub) == {True}, "every worker to notice")
        assert hub.get("/health/ready").status == 503

        for report in ask_every_worker(hub, WORKERS).values():
            assert report["state"] == "configured"
            assert report["stale_since"]
            assert report["problems"][0]["code"] == "unavailable"
        for path in ("/", "/admin/", "/api/config", "/admin/config_app/systemconfig/"):
            page = owner.get(path)
            assert page.status_code == 503, path
            assert "retry-after" in page.headers
            assert str(hub.data_dir) not in page.text
        assert "What to do" in owner.get("/").text
        assert owner.get("/health/live").status_code == 200
        assert stranger.get("/static/hub/css/base.css").status_code == 200
        assert stranger.get("/auth/login").status_code == 200
        assert post(stranger, "/auth/login", username="o@example.com", password="x").status_code == 503
        assert stranger.get("/setup/").status_code == 404
        assert not hub.database.exists()

        away.rename(hub.database)
        wait_for(lambda: is_stale(hub) == {False}, "every worker to recover")
        assert hub.get("/health/ready").status == 200
        assert owner.get("/").status_code == 200
        for report in ask_every_worker(hub, WORKERS).values():
            assert report["stale_since"] is None
    assert "Traceback" not in hub.log.read_text()


def test_an_unclaimed_hub_offers_no_wizard_meanwhile(started_hub: HubProcess) -> None:
    started_hub.serve(workers=1)
    try:
        assert started_hub.get("/setup/").status == 200
        started_hub.database.rename(started_hub.data_dir / "away.db")
        for path in ("/", "/setup/", "/admin/", "/api/config"):
            assert started_hub.get(path).status == 503, path
        assert not started_hub.database.exists()
        (started_hub.data_dir / "away.db").rename(started_hub.database)
        wait_for(lambda: started_hub.get("/setup/").status == 200, "the wizard to be back")
    finally:
        started_hub.stop()
