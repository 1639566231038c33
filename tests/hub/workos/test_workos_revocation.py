"""Sessions that WorkOS has ended also end in the hub, within a minute."""

from __future__ import annotations

import datetime as dt
import html
import json

import pytest
import time_machine
from django.utils import timezone

from config_app.presentation.overview import read_overview
from hub.models import WorkOSEvents, WorkOSSession
from hub.runtime_config import get_config
from hub.workos.problems import problems
from hub.workos.remote.transport import TIMEOUT
from hub.workos.sessions import revocations
from tests.support.workos.authkit import OWNER, Answer, AuthKit, refusal, user
from tests.support.workos.fixtures import Visitor, expire_tokens, look_again

REFUSED, EDITOR = "workos_events_refused", "/admin/config_app/systemconfig/"


def told(visitor: Visitor, path: str) -> str:
    """Return the text of a page."""
    return html.unescape(visitor.get(path).content.decode()).lower().replace("workos", "WorkOS")


def test_a_session_revoked_at_workos_ends_here(owner_at_workos: Visitor, workos_hub: AuthKit) -> None:
    bystander = Visitor()
    workos_hub.person = user("member@example.com")
    bystander.sign_in(workos_hub)
    workos_hub.revoke(WorkOSSession.objects.get(user__email=OWNER).sid)
    look_again()
    assert not owner_at_workos.is_signed_in()
    assert bystander.is_signed_in()


def test_the_sessions_of_somebody_deleted_at_workos_end(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    workos_hub.tell("user.deleted", {"object": "user", "id": "user_owner"})
    look_again()
    assert not owner_at_workos.is_signed_in()


def test_events_are_asked_for_once_in_twenty_seconds_and_each_only_once(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    workos_hub.tell("session.revoked", {"id": "session_of_another_application"})
    look_again()
    workos_hub.requests.clear()
    for _ in range(4):
        assert owner_at_workos.is_signed_in()
    assert [query.get("after") for query in workos_hub.asked("/events")] == [None]
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=21)):
        revocations._next_look = 0.0
        assert owner_at_workos.is_signed_in()
    assert [query.get("after") for query in workos_hub.asked("/events")] == [
        None,
        workos_hub.events[0]["id"],
    ]


def test_a_revoked_session_ends_within_a_minute() -> None:
    assert 2 * revocations.INTERVAL + dt.timedelta(seconds=TIMEOUT) < dt.timedelta(minutes=1)


def test_of_several_processes_one_asks_for_events(owner_at_workos: Visitor, workos_hub: AuthKit) -> None:
    look_again()
    workos_hub.requests.clear()
    for _ in range(3):
        revocations._next_look = 0.0  # as in another process, which has not polled yet
        assert owner_at_workos.is_signed_in()
    assert len(workos_hub.asked("/events")) == 1


def test_a_cursor_that_workos_does_not_know_is_forgotten(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    look_again()
    WorkOSEvents.objects.update(cursor="event_of_another_environment", tried_at=timezone.now())
    WorkOSEvents.objects.update(tried_at=timezone.now() - dt.timedelta(minutes=1))
    workos_hub.faults["/events"] = refusal("invalid_cursor", 422)
    assert owner_at_workos.is_signed_in()
    assert WorkOSEvents.objects.get().cursor == ""


@pytest.mark.parametrize("data", [None, "x", [None], [{}], [{"id": "1"}], [{"id": "1", "data": []}]])
def test_events_that_make_no_sense_harm_nobody(
    owner_at_workos: Visitor, workos_hub: AuthKit, data: object
) -> None:
    look_again()
    workos_hub.faults["/events"] = Answer(200, json.dumps({"data": data}).encode())
    assert owner_at_workos.is_signed_in()


def test_a_key_that_may_not_read_events_signs_nobody_out(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    look_again()
    workos_hub.faults["/events"] = refusal("forbidden", 403)
    assert owner_at_workos.is_signed_in()
    expire_tokens()
    assert owner_at_workos.may_administer()
    assert len(workos_hub.refreshes()) == 1


@pytest.mark.parametrize("answer", [refusal("forbidden", 403), refusal("invalid_request", 422)])
def test_events_that_may_not_be_read_are_a_problem_until_they_may(
    owner_at_workos: Visitor, workos_hub: AuthKit, answer: Answer
) -> None:
    look_again()
    workos_hub.faults["/events"] = answer
    assert owner_at_workos.may_administer()
    assert REFUSED in json.dumps(owner_at_workos.get("/health/ready").json())
    assert "a session that is ended at WorkOS ends late in the hub" in told(owner_at_workos, "/")
    assert "a session that is ended at WorkOS ends late in the hub" in told(owner_at_workos, EDITOR)
    assert REFUSED in [problem.code for problem in read_overview().problems]
    workos_hub.faults.clear()
    look_again()
    assert owner_at_workos.may_administer()
    assert problems(get_config()) == []


def test_a_key_that_is_good_for_nothing_is_no_question_of_events(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    look_again()
    workos_hub.api_key = "sk_test_another_one"
    assert owner_at_workos.may_administer()
    assert [problem.code for problem in problems(get_config())] == ["workos_refuses"]
