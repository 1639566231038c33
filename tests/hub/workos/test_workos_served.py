"""A served hub in mode workos: its processes refresh a session once and all use each change at once."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from tests.hub.workos.test_workos_credentials import ENVIRONMENT
from tests.support.processes.hub_process import PASSWORD, HubProcess
from tests.support.processes.served_hub import lines_to_every_worker, post, wait_for_workers, workers
from tests.support.soak import one_of, times
from tests.support.waiting import wait_for
from tests.support.workos.authkit import OWNER, Answer, AuthKit, running_authkit
from tests.support.workos.served_hub import Person, claim_for_workos, connect

WORKERS = 3
REQUESTS = times(20, 50)
JUST_NOW = "UPDATE hub_workos_session SET fresh_until = CURRENT_TIMESTAMP"
LONG_AGO = "UPDATE hub_workos_session SET fresh_until = '2026-01-01 00:00:00'"


@pytest.fixture(scope="module")
def kit() -> Iterator[AuthKit]:
    """Give the stand-in for WorkOS."""
    with running_authkit() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hub(
    request: pytest.FixtureRequest, kit: AuthKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    """Give a served hub in mode workos with misleading variables; tests run on SQLite and PostgreSQL."""
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("postgresql_server").new_database()
    with HubProcess(tmp_path_factory.mktemp("hub"), database_url=url) as hub:
        hub.bring_up()
        connect(hub, kit.url)
        claim_for_workos(hub, api_key=kit.api_key)
        # Keep idle connections open until a command ends.
        hub.serve(workers=WORKERS, GUNICORN_CMD_ARGS="--keep-alive=60", **ENVIRONMENT)
        wait_for_workers(hub, WORKERS)
        yield hub


@pytest.fixture
def failing_kit() -> Iterator[AuthKit]:
    """Give a stand-in for this test only, which may fail."""
    with running_authkit() as running:
        yield running


@pytest.fixture
def owner(hub: HubProcess, kit: AuthKit) -> Person:
    """Give a super admin who is signed in."""
    person = Person(hub)
    person.sign_in(kit)
    assert person.status() == 200
    return person


@pytest.mark.repeats
def test_many_requests_at_the_moment_the_token_ends_make_one_refresh(
    hub: HubProcess, kit: AuthKit, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "delay", 0.3)  # so that the other requests arrive during the refresh
    for statement in (JUST_NOW, LONG_AGO):
        before = len(kit.refreshes())
        expire = functools.partial(hub.sql, statement)
        assert owner.statuses(REQUESTS, once_connected=expire) == [200] * REQUESTS
        assert len(kit.refreshes()) == before + 1


def test_of_many_ways_back_at_once_one_is_taken(hub: HubProcess, kit: AuthKit) -> None:
    person = Person(hub)
    back = kit.approve(person.browser.get("/auth/login").headers["Location"])
    before = len(kit.asked("/user_management/authenticate"))
    statuses = person.statuses(12, back)
    assert len(kit.asked("/user_management/authenticate")) == before + 1
    assert statuses.count(302) <= 1, "whose session the others may end as one that is old"
    assert set(statuses) <= {302, 400}


@one_of("hub", "sqlite", "postgresql")
def test_a_removed_super_admin_loses_the_next_request_in_every_process(
    hub: HubProcess, owner: Person
) -> None:
    leave_it_to = functools.partial(hub.config, "set", "super_admin_emails")
    remove, restore = (functools.partial(leave_it_to, email) for email in ("other@example.com", OWNER))
    assert owner.statuses(12, once_connected=remove) == [403] * 12
    assert owner.status("/") == 200
    assert owner.statuses(12, once_connected=restore) == [200] * 12, "and has it back as soon"


@one_of("hub", "sqlite", "postgresql")
def test_a_new_key_is_used_by_every_process(hub: HubProcess, kit: AuthKit) -> None:
    kit.api_key = "sk_test_rotated_key"
    hub.manage("config", "set", "workos_api_key", "--stdin", "--wait", text=kit.api_key)
    with lines_to_every_worker(hub, WORKERS) as lines:
        assert {line.pid for line in lines} == workers(hub)
        for line in lines:
            person = Person(hub)
            answer = line.get(person.way_back(kit), Cookie=person.cookies)
            assert (answer.status, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("hub", ["sqlite"], indirect=True)  # only once, because the test takes half a minute
def test_a_session_revoked_at_workos_is_over_within_a_minute_in_every_process(
    hub: HubProcess, kit: AuthKit, owner: Person
) -> None:
    ((sid,),) = hub.sql("SELECT sid FROM hub_workos_session ORDER BY id DESC LIMIT 1")
    refreshes = len(kit.refreshes())
    kit.revoke(sid)
    wait_for(lambda: owner.status() == 401, "the session to end", 60, pause=2)
    assert len(kit.refreshes()) == refreshes, "or it ended by its token, not by the event"
    assert owner.statuses(12) == [401] * 12


def test_the_shell_is_the_way_back_in_when_workos_is_down(
    claimed_hub: HubProcess, failing_kit: AuthKit
) -> None:
    hub, kit = claimed_hub, failing_kit
    connect(hub, kit.url)
    hub.config("set", f"workos_client_id={kit.client_id}")
    hub.manage("config", "set", "workos_api_key", "--stdin", text=kit.api_key)
    hub.config("set", "app_mode", "workos")
    hub.serve(workers=2)
    wait_for_workers(hub, 2)
    kit.faults["/"] = Answer(503)
    person = Person(hub)
    assert person.status("/auth/login") == 503
    hub.config("set", "app_mode", "local", "--wait")
    post(person.browser, "/auth/login", username=OWNER, password=PASSWORD)
    assert person.status() == 200
