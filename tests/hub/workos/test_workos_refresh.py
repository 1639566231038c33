"""Refreshing sessions: once for parallel requests, with sealed tokens, without unwanted sign-outs (B9)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.contrib.sessions.models import Session
from django.utils import timezone

from config_app.declaration.secret import Secret
from hub.models import WorkOSSession
from hub.runtime_config import RuntimeConfig, get_config
from hub.start.generated import cookie_password
from hub.workos.remote import outage
from hub.workos.remote.client import Client
from hub.workos.sessions import reactions, refreshing
from hub.workos.sessions.sealed_tokens import unseal
from tests.support.parallel import in_parallel
from tests.support.workos.authkit import Answer, AuthKit, refusal, user
from tests.support.workos.fixtures import (
    MODE,
    Visitor,
    another_window,
    change,
    expire_tokens,
    forget_workos,
)


def refresh_token() -> str:
    token = unseal(WorkOSSession.objects.get().refresh_token, get_config())
    assert token is not None
    return token.reveal()


def test_a_session_is_refreshed_when_its_token_has_ended(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    assert owner_at_workos.may_administer()
    assert workos_hub.refreshes() == []
    expire_tokens()
    assert owner_at_workos.may_administer()
    assert owner_at_workos.may_administer()
    assert len(workos_hub.refreshes()) == 1
    lasts = WorkOSSession.objects.get().fresh_until - timezone.now()
    assert dt.timedelta(seconds=290) < lasts <= dt.timedelta(seconds=300)


def test_refreshing_goes_on_with_the_token_that_came_last(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    for _ in range(3):
        expire_tokens()
        assert owner_at_workos.may_administer()
    used = [body["refresh_token"] for body in workos_hub.refreshes()]
    assert len(set(used)) == 3
    assert refresh_token() not in used


@pytest.mark.parametrize("code", ["invalid_grant", "sso_required"])
def test_a_session_that_workos_does_not_refresh_is_over(
    owner_at_workos: Visitor, workos_hub: AuthKit, code: str
) -> None:
    expire_tokens()
    status = 400 if code == "invalid_grant" else 403
    workos_hub.faults["/user_management/authenticate"] = refusal(code, status)
    assert not owner_at_workos.is_signed_in()
    assert not Session.objects.exists()
    workos_hub.faults.clear()
    assert not owner_at_workos.is_signed_in()


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refresh_that_workos_refuses_for_good_ends_the_session_and_is_no_outage(
    owner_at_workos: Visitor, workos_hub: AuthKit, status: int
) -> None:
    expire_tokens()
    workos_hub.faults["/user_management/authenticate"] = refusal("entity_not_found", status)
    assert not owner_at_workos.is_signed_in()
    assert outage.problems() == []
    assert not outage.is_recent()


@pytest.mark.parametrize("answer", [Answer(404, b"<html>"), Answer(404), refusal("brand_new_error", 418)])
def test_a_refusal_that_may_not_be_workos_own_ends_nothing(
    owner_at_workos: Visitor, workos_hub: AuthKit, answer: Answer
) -> None:
    expire_tokens()
    workos_hub.faults["/user_management/authenticate"] = answer
    assert owner_at_workos.is_signed_in()
    assert [problem.code for problem in outage.problems()] == ["workos_unavailable"]


def test_the_session_of_somebody_deleted_at_workos_ends_without_an_event_too(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    workos_hub.delete_person()
    expire_tokens()
    assert not owner_at_workos.is_signed_in()
    assert not outage.is_recent()


@pytest.mark.parametrize("claims", [{"sub": "user_other"}, {"iss": "https://evil.example"}])
def test_a_refresh_with_a_token_that_does_not_verify_ends_the_session(
    owner_at_workos: Visitor, workos_hub: AuthKit, claims: dict[str, str]
) -> None:
    expire_tokens()
    workos_hub.claims = claims
    assert not owner_at_workos.is_signed_in()


def test_a_refresh_never_turns_a_session_into_somebody_elses(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    expire_tokens()
    workos_hub.person = user("other@example.com")
    assert not owner_at_workos.is_signed_in()


def test_a_session_that_an_impersonator_began_stays_one(visitor: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.answer = {"impersonator": {"email": "support@workos.example", "reason": None}}
    visitor.sign_in(workos_hub)
    workos_hub.answer = {}
    expire_tokens()
    assert visitor.is_signed_in()
    assert len(workos_hub.refreshes()) == 1
    assert not visitor.may_administer()


def test_a_wrong_clock_signs_nobody_out(owner_at_workos: Visitor, workos_hub: AuthKit) -> None:
    for wrong in (dt.timedelta(hours=1), dt.timedelta(hours=-1)):
        expire_tokens()
        with time_machine.travel(dt.datetime.now(dt.UTC) + wrong):
            assert owner_at_workos.may_administer()


def test_a_session_is_refreshed_soon_after_the_clock_was_set_back(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)):
        expire_tokens()
        assert owner_at_workos.may_administer()
    assert len(workos_hub.refreshes()) == 1
    for _ in range(2):
        assert owner_at_workos.may_administer()
    assert len(workos_hub.refreshes()) == 2
    assert WorkOSSession.objects.get().fresh_until < timezone.now() + dt.timedelta(minutes=6)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("late", [1, 3600])
def test_of_many_requests_at_once_one_refreshes_and_the_others_go_on(
    transactional_db: None, workos_hub: AuthKit, late: float
) -> None:
    visitor = Visitor()
    visitor.sign_in(workos_hub)
    expire_tokens(late)
    workos_hub.delay = 0.3
    found = in_parallel(12, lambda: another_window(visitor).may_administer())
    assert found == [True] * 12
    assert len(workos_hub.refreshes()) == 1


@pytest.mark.django_db(transaction=True)
def test_long_after_the_end_nobody_goes_on_before_it_is_known_whether_the_session_is_over(
    transactional_db: None, workos_hub: AuthKit
) -> None:
    visitor = Visitor()
    visitor.sign_in(workos_hub)
    expire_tokens(3600)
    workos_hub.sessions.clear()
    workos_hub.delay = 0.3
    found = in_parallel(6, lambda: another_window(visitor).is_signed_in())
    assert found == [False] * 6


def test_a_process_that_was_slow_puts_no_old_token_over_a_newer_one(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    expire_tokens()
    row, config = WorkOSSession.objects.get(), get_config()
    lease = refreshing._take_lease(row, timezone.now())
    slow = WorkOSSession.objects.filter(refreshing_until=lease)
    WorkOSSession.objects.update(refreshing_until=None)  # its lease is over, and another process may refresh
    assert owner_at_workos.may_administer()
    newest = refresh_token()
    assert slow.update(refresh_token="a token that is used up") == 0
    assert not refreshing._refresh_or_postpone(slow, config)
    assert (refresh_token(), len(workos_hub.refreshes())) == (newest, 1)
    assert owner_at_workos.may_administer()


def test_a_process_that_lost_its_lease_ends_no_session(
    owner_at_workos: Visitor, workos_hub: AuthKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    expire_tokens()
    try_it = refreshing._refresh_or_postpone

    def be_slow(mine: refreshing.Lease, config: RuntimeConfig) -> bool:
        is_over = try_it(mine, config)
        WorkOSSession.objects.update(refreshing_until=None)  # another process has started a refresh meanwhile
        return is_over

    monkeypatch.setattr(refreshing, "_refresh_or_postpone", be_slow)
    workos_hub.faults["/user_management/authenticate"] = refusal("invalid_grant")
    assert owner_at_workos.is_signed_in()


def test_the_time_that_loading_the_sdk_takes_is_none_of_the_lease(
    owner_at_workos: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases, build = [], Client.__init__

    def record(*arguments: Any, **options: Any) -> None:
        leases.append(WorkOSSession.objects.get().refreshing_until)
        build(*arguments, **options)

    monkeypatch.setattr(Client, "__init__", record)
    forget_workos()
    expire_tokens()
    assert owner_at_workos.may_administer()
    assert leases == [None]


def test_a_process_that_dies_while_it_refreshes_blocks_nobody(
    owner_at_workos: Visitor, workos_hub: AuthKit
) -> None:
    expire_tokens()
    WorkOSSession.objects.update(refreshing_until=timezone.now() + refreshing.LEASE / 2)
    assert owner_at_workos.may_administer()
    assert workos_hub.refreshes() == []
    WorkOSSession.objects.update(refreshing_until=timezone.now())
    assert owner_at_workos.may_administer()
    assert len(workos_hub.refreshes()) == 1


def test_tokens_are_sealed_and_the_access_token_is_not_kept(owner_at_workos: Visitor) -> None:
    row = WorkOSSession.objects.get()
    assert "refresh_" not in row.refresh_token
    password = MODE["workos_cookie_password"]
    assert isinstance(password, Secret)
    token = Fernet(password.reveal()).decrypt(row.refresh_token)
    assert token.startswith(b"refresh_")
    row.refresh_token = ""  # its random letters may by chance be those that begin an access token
    kept = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    assert "eyJ" not in str(kept)
    assert set(owner_at_workos.session.keys()) == {
        "_auth_user_id",
        "_auth_user_backend",
        "_auth_user_hash",
        "proved_at",
        "workos",
    }


def test_a_new_cookie_password_signs_nobody_out(owner_at_workos: Visitor, workos_hub: AuthKit) -> None:
    sealed = WorkOSSession.objects.get().refresh_token
    for _ in range(2):
        change(workos_cookie_password=cookie_password())
    WorkOSSession.objects.update(refresh_token=sealed)  # as if no process had sealed it again
    expire_tokens()
    assert owner_at_workos.may_administer()
    assert len(workos_hub.refreshes()) == 1


def test_a_new_cookie_password_seals_every_token_anew(owner_at_workos: Visitor) -> None:
    token, old = refresh_token(), get_config()
    change(workos_cookie_password=cookie_password())
    reactions.reseal_tokens(old, get_config())
    password = get_config().workos_cookie_password
    assert password is not None
    sealed = WorkOSSession.objects.get().refresh_token
    assert Fernet(password.reveal()).decrypt(sealed.encode()).decode() == token


def test_a_token_that_nothing_unseals_ends_the_session(owner_at_workos: Visitor) -> None:
    WorkOSSession.objects.update(refresh_token=Fernet(Fernet.generate_key()).encrypt(b"x").decode())
    expire_tokens()
    assert not owner_at_workos.is_signed_in()
