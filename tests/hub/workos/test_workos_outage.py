"""While WorkOS is down, sessions continue, sign-in shows a clear page, and no request takes long (W8)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.utils import timezone

from config_app.api import override_config
from config_app.declaration.secret import Secret
from hub.models import WorkOSSession
from hub.project import HubProject
from hub.runtime_config import get_config
from hub.workos.remote import outage, transport
from tests.support.workos.authkit import Answer, AuthKit, as_json, refusal
from tests.support.workos.fixtures import Visitor, change, forget_workos, look_again

EXPIRED = "2026-01-01T00:00:00Z"
BAD_DAYS = {
    "429": refusal("rate_limit_exceeded", 429),
    "500": Answer(500, b"oops"),
    "503 as HTML": Answer(503, b"<html>"),
    "a redirect": Answer(302, b"{}", {"Location": "https://evil.example/"}),
    "no JSON": Answer(200, b"<html>"),
    "nothing": Answer(200, b""),
    "null": Answer(200, b"null"),
    "a list": Answer(200, b"[1]"),
    "a number": Answer(200, b"7"),
    "an empty object": as_json({}),
    "no user": as_json({"access_token": "x", "refresh_token": "y"}),
    "a user of another shape": as_json({"user": "x", "access_token": "x", "refresh_token": "y"}),
    "an odd refusal": refusal("brand_new_error", 418),
}
bad_days = pytest.mark.parametrize("answer", BAD_DAYS.values(), ids=BAD_DAYS.keys())


def heading(response: Any) -> str:
    return str(response.content.decode().partition("<h1>")[2].partition("</h1>")[0])


@bad_days
def test_a_sign_in_gets_a_503_that_says_so(workos_hub: AuthKit, visitor: Visitor, answer: Answer) -> None:
    back = workos_hub.approve(visitor.begin())
    workos_hub.faults["/user_management/authenticate"] = answer
    response = visitor.get(back)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert heading(response) == "WorkOS does not answer"
    assert not visitor.is_signed_in()


@bad_days
def test_signed_in_people_stay_signed_in(workos_hub: AuthKit, visitor: Visitor, answer: Answer) -> None:
    visitor.sign_in(workos_hub)
    WorkOSSession.objects.update(fresh_until=EXPIRED)
    look_again()
    workos_hub.faults["/"] = answer
    assert visitor.may_administer()
    workos_hub.faults.clear()
    outage.note_success()
    WorkOSSession.objects.update(retry_at=None)
    assert visitor.may_administer()


def test_a_code_is_never_sent_twice(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    workos_hub.faults["/user_management/authenticate"] = Answer(503)
    visitor.get(back)
    assert len(workos_hub.asked("/user_management/authenticate")) == 1


def test_without_keys_nobody_is_sent_to_authkit(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.faults["/sso/jwks"] = Answer(503)
    response = visitor.get("/auth/login")
    assert response.status_code == 503
    assert heading(response) == "WorkOS does not answer"


def test_the_refresh_token_survives_when_the_new_access_token_cannot_be_verified(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    visitor.sign_in(workos_hub)
    forget_workos()
    WorkOSSession.objects.update(fresh_until=EXPIRED)
    workos_hub.faults["/sso/jwks"] = Answer(503)
    assert visitor.may_administer()
    workos_hub.faults.clear()
    outage.note_success()
    WorkOSSession.objects.update(retry_at=None)
    assert visitor.may_administer()
    assert WorkOSSession.objects.get().fresh_until > timezone.now()
    used = [body["refresh_token"] for body in workos_hub.refreshes()]
    assert len(used) == len(set(used)) == 2


def test_nobody_waits_for_workos_again_and_again(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    WorkOSSession.objects.update(fresh_until=EXPIRED)
    workos_hub.faults["/user_management/authenticate"] = Answer(503)
    before = len(workos_hub.requests)
    for _ in range(5):
        assert visitor.may_administer()
    assert len(workos_hub.refreshes()) == 1
    assert len(workos_hub.requests) == before + 2, "one look at the events, and one refresh"


def test_a_slow_answer_is_given_up(
    workos_hub: AuthKit, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transport.TIMEOUT == 5
    back = workos_hub.approve(visitor.begin())  # this call must succeed, so it has the usual limit
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    workos_hub.faults["/user_management/authenticate"] = Answer(delay=30)
    began = time.monotonic()
    assert visitor.get(back).status_code == 503
    assert time.monotonic() - began < 10


def test_an_endless_answer_is_given_up(
    workos_hub: AuthKit, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST", 1000)
    back = workos_hub.approve(visitor.begin())
    workos_hub.faults["/user_management/authenticate"] = as_json({"padding": "x" * 2000})
    assert visitor.get(back).status_code == 503


def test_a_wrong_client_secret_is_said_to_be_the_hubs_fault(workos_hub: AuthKit, visitor: Visitor) -> None:
    back = workos_hub.approve(visitor.begin())
    workos_hub.api_key = "sk_test_another_one"
    response = visitor.get(back)
    assert response.status_code == 503
    assert heading(response) == "WorkOS does not accept this hub"
    assert "config set workos_api_key --stdin" in response.content.decode()


def test_a_revoked_key_signs_nobody_out_and_is_reported(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    WorkOSSession.objects.update(fresh_until=EXPIRED)
    workos_hub.api_key = "sk_test_another_one"
    assert visitor.may_administer()
    codes = {problem.code for problem in HubProject().problems(get_config())}
    assert "workos_refuses" in codes
    assert "workos_refuses" in json.dumps(visitor.get("/health/ready").json())


def test_a_revoked_key_is_reported_by_whoever_cannot_sign_in(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.api_key = "sk_test_another_one"
    visitor.sign_in(workos_hub)
    assert [problem.code for problem in outage.problems()] == ["workos_refuses"]


@pytest.mark.parametrize("answer", [refusal("invalid_grant"), Answer(503), refusal("brand_new_error", 418)])
def test_no_other_failure_of_a_sign_in_is_reported(
    workos_hub: AuthKit, visitor: Visitor, answer: Answer
) -> None:
    back = workos_hub.approve(visitor.begin())
    workos_hub.faults["/user_management/authenticate"] = answer
    visitor.get(back)
    assert outage.problems() == []
    assert not outage.is_recent(), "or whoever sends made-up codes could stop refreshes and revocations"


@pytest.mark.django_db(transaction=True)  # the hook that forgets the outage runs after the commit
def test_new_credentials_are_tried_at_once_and_the_old_ones_no_longer_reported(
    transactional_db: None, workos_hub: AuthKit, visitor: Visitor
) -> None:
    visitor.sign_in(workos_hub)
    workos_hub.api_key = "sk_test_another_one"
    Visitor().sign_in(workos_hub)
    assert outage.is_recent()
    change(workos_api_key=Secret(workos_hub.api_key))
    assert outage.problems() == []
    WorkOSSession.objects.update(fresh_until=EXPIRED)
    assert visitor.may_administer()
    assert WorkOSSession.objects.get().fresh_until > timezone.now()


def test_an_outage_is_reported_until_it_is_over(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    WorkOSSession.objects.update(fresh_until=EXPIRED)
    workos_hub.faults["/user_management/authenticate"] = Answer(503)
    visitor.may_administer()
    assert [p.code for p in outage.problems()] == ["workos_unavailable"]
    workos_hub.faults.clear()
    Visitor().sign_in(workos_hub)
    assert outage.problems() == []


def test_credentials_that_cannot_be_decrypted_are_the_hubs_fault(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    with override_config(workos_api_key=None):
        assert heading(visitor.get("/auth/login")) == "WorkOS does not accept this hub"
