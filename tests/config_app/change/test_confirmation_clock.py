"""If a clock is changed while a revision waits for confirmation, the wait keeps its length (R9, W6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from config_app.api import get_config, plan
from config_app.change import confirmation
from config_app.store import deadlines
from config_app.testing import reset_process
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_until_used_everywhere
from tests.support.processes.simultaneous import script
from tests.support.waiting import wait_for

HOUR = 3600
CLOCK = """
CREATE SCHEMA clock;
CREATE TABLE clock.moved (seconds integer);
INSERT INTO clock.moved VALUES (0);
CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT pg_catalog.statement_timestamp() + seconds * interval ''1 second'' FROM clock.moved';
"""


def set_clock(seconds: int) -> None:
    """Let SQLite's clock differ from the real time by ``seconds``."""

    def strftime(layout: str, _now: str) -> str:
        there = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
        return there.strftime(layout.replace("%f", "%S.%f"))

    connection.close()  # this also removes prepared statements
    connection.ensure_connection()
    connection.connection.create_function("strftime", 2, strftime)


@pytest.fixture
def waiting(transactional_db: None, install: None) -> Iterator[None]:
    """Give a change that waits five minutes for its confirmation; this process has read the deadline."""
    plan({"port": 9001}).apply(confirm_within=300)
    assert 290 < left() <= 300
    yield
    connection.close()


def left() -> float:
    ((_number, seconds),) = deadlines.unconfirmed()
    return seconds


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
@pytest.mark.usefixtures("waiting")
def test_a_process_that_has_seen_it_counts_on(seconds: int) -> None:
    set_clock(seconds)
    assert 250 < left() < 310
    assert confirmation.revert_overdue() == []


@pytest.mark.usefixtures("waiting")
def test_a_process_that_starts_after_the_clock_was_set_back_waits_no_longer_than_was_granted() -> None:
    set_clock(-HOUR)
    reset_process()
    assert 250 < left() < 310


@pytest.mark.usefixtures("waiting")
def test_a_process_that_starts_after_the_clock_was_set_forward_has_only_that_clock_and_reverts() -> None:
    set_clock(HOUR)
    reset_process()
    assert len(confirmation.revert_overdue()) == 1
    assert get_config().port == 8884


@pytest.fixture
def hub(postgresql_server: PostgreSQL, tmp_path: Path) -> Iterator[HubProcess]:
    """Give a served hub whose database server has a clock that a test can set."""
    url = postgresql_server.new_database()
    with HubProcess(tmp_path / "hub", database_url=url) as hub:
        hub.bring_up()
        hub.sql(CLOCK)
        hub.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET search_path = public, clock, pg_catalog")
        hub.serve(workers=1)
        yield hub


def change_port(hub: HubProcess, seconds: int) -> None:
    """Change the port, and wait until every process has read the new revision and its deadline."""
    script(hub, f"from config_app.api import plan; plan({{'port': 9001}}).apply(confirm_within={seconds})")
    assert wait_until_used_everywhere(hub) == 2


def test_a_served_hub_whose_server_is_set_back_reverts_in_time(hub: HubProcess) -> None:
    change_port(hub, 10)
    hub.sql("UPDATE clock.moved SET seconds = -3600")
    wait_for(lambda: hub.health()["revision"] == 3, "the change to revert", 60)
    assert hub.sql("SELECT outcome FROM config_confirmation") == [("reverted",)]


def test_a_served_hub_whose_server_is_set_forward_does_not_revert_early(hub: HubProcess) -> None:
    change_port(hub, 600)
    hub.sql("UPDATE clock.moved SET seconds = 3600")
    hub.config("set", "log_level", "debug")
    wait_for(lambda: hub.health()["revision"] == 3, "the hub to read the deadlines again")
    assert hub.sql("SELECT outcome FROM config_confirmation") == [("",)]
    assert hub.config("get", "port") == "9001"
