"""If WorkOS's response with a new refresh token gets lost, the user stays signed in (B9)."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from hub.models import User, WorkOSSession
from hub.workos.remote import outage
from hub.workos.sessions import refreshing
from tests.support.workos.authkit import Answer, AuthKit, refusal
from tests.support.workos.fixtures import Visitor, expire_tokens

TOKENS = "/user_management/authenticate"
PERSON = "/user_management/users/user_owner"


def try_again() -> None:
    """Let the next request repeat the failed call without the usual pause."""
    outage.note_success()
    WorkOSSession.objects.update(retry_at=None)


@pytest.fixture
def owner(owner_at_workos: Visitor, workos_hub: AuthKit) -> Visitor:
    """Give a super admin whose refresh token is used up, because the response to a refresh got lost."""
    expire_tokens()
    workos_hub.losses[TOKENS] = Answer(502, b"<html>")
    assert owner_at_workos.may_administer()
    workos_hub.losses.clear()
    try_again()
    return owner_at_workos


def test_the_session_goes_on_as_workos_says_that_it_does(owner: Visitor, workos_hub: AuthKit) -> None:
    assert owner.may_administer()
    assert owner.may_administer()
    assert len(workos_hub.refreshes()) == 2
    assert len(workos_hub.asked(f"{PERSON}/sessions")) == 1
    assert WorkOSSession.objects.get().refresh_token == ""


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(200, b""), Answer(200, b"null"), Answer(200, b"<html>")]
)
def test_an_answer_that_is_none_counts_as_lost(
    owner_at_workos: Visitor, workos_hub: AuthKit, answer: Answer
) -> None:
    expire_tokens()
    workos_hub.losses[TOKENS] = answer
    assert owner_at_workos.may_administer()
    workos_hub.losses.clear()
    try_again()
    assert owner_at_workos.may_administer()
    assert WorkOSSession.objects.get().kept_until is not None


def test_a_process_that_died_before_the_answer_came_counts_as_well(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    expire_tokens()
    workos_hub.losses[TOKENS] = Answer(502)
    owner_at_workos.may_administer()
    workos_hub.losses.clear()
    assert WorkOSSession.objects.get().is_unanswered, "as it is noted before the token is sent"
    WorkOSSession.objects.update(refreshing_until=timezone.now() - refreshing.LEASE, retry_at=None)
    outage.note_success()
    assert owner_at_workos.may_administer()


def test_a_token_that_was_not_used_up_after_all_is_used(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    expire_tokens()
    workos_hub.faults[TOKENS] = Answer(502)
    assert owner_at_workos.may_administer()
    workos_hub.faults.clear()
    try_again()
    assert owner_at_workos.may_administer()
    row = WorkOSSession.objects.get()
    assert (row.is_unanswered, row.kept_until) == (False, None)
    assert row.refresh_token
    assert workos_hub.asked(f"{PERSON}/sessions") == []


def test_without_a_lost_answer_a_spent_token_is_the_end(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    workos_hub._refresh_tokens.clear()  # as if a thief had used it
    expire_tokens()
    assert not owner_at_workos.is_signed_in()
    assert workos_hub.asked(f"{PERSON}/sessions") == []


def test_a_session_that_workos_has_ended_meanwhile_ends(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.sessions.clear()
    assert not owner.is_signed_in()


@pytest.mark.parametrize("status", ["revoked", "expired"])
def test_a_session_that_is_listed_as_over_ends(owner: Visitor, workos_hub: AuthKit, status: str) -> None:
    workos_hub.states = dict.fromkeys(workos_hub.sessions, status)
    assert not owner.is_signed_in()


def test_the_session_of_somebody_deleted_meanwhile_ends(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.delete_person()
    assert not owner.is_signed_in()


def test_a_key_that_may_not_ask_ends_the_session_for_safety(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.faults[f"{PERSON}/sessions"] = refusal("forbidden", 403)
    assert not owner.is_signed_in()


@pytest.mark.parametrize(
    "answer", [Answer(503), Answer(200, b"{}"), Answer(200, b'{"data": [1]}'), refusal("unauthorized", 401)]
)
def test_while_workos_cannot_say_the_session_goes_on(
    owner: Visitor, workos_hub: AuthKit, answer: Answer
) -> None:
    workos_hub.faults[f"{PERSON}/sessions"] = answer
    assert owner.may_administer()
    workos_hub.faults.clear()
    workos_hub.sessions.clear()
    try_again()
    assert not owner.is_signed_in()


def test_it_is_asked_about_every_five_minutes_and_revoked_as_any_other(
    owner: Visitor, workos_hub: AuthKit
) -> None:
    assert owner.may_administer()
    lasts = WorkOSSession.objects.get().fresh_until - timezone.now()
    assert refreshing.LOOK - dt.timedelta(seconds=10) < lasts <= refreshing.LOOK
    for _ in range(2):
        expire_tokens()
        assert owner.may_administer()
    assert len(workos_hub.asked(f"{PERSON}/sessions")) == 3
    assert len(workos_hub.refreshes()) == 2, "there is no token left to try"
    workos_hub.sessions.clear()
    expire_tokens()
    assert not owner.is_signed_in()


def test_the_person_is_looked_at_as_well(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.person["email_verified"] = False
    assert owner.is_signed_in()
    assert not owner.may_administer()
    assert User.objects.get().verified_email == ""


def test_it_goes_on_for_an_hour_at_most(owner: Visitor, workos_hub: AuthKit) -> None:
    assert owner.may_administer()
    until = WorkOSSession.objects.get().kept_until
    assert until is not None
    with time_machine.travel(until + dt.timedelta(seconds=1)):
        assert not owner.is_signed_in()


def test_it_goes_on_no_longer_after_the_clock_was_set_back(owner: Visitor, workos_hub: AuthKit) -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)):
        expire_tokens()
        assert owner.may_administer()
    assert owner.may_administer()
    until = WorkOSSession.objects.get().kept_until
    assert until is not None
    assert until <= timezone.now() + dt.timedelta(hours=1)


def test_an_outage_at_the_end_of_the_hour_signs_nobody_out(owner: Visitor, workos_hub: AuthKit) -> None:
    assert owner.may_administer()
    until = WorkOSSession.objects.get().kept_until
    assert until is not None
    workos_hub.faults["/"] = Answer(503)
    with time_machine.travel(until + dt.timedelta(seconds=1)):
        assert owner.may_administer()
