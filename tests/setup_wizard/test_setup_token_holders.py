"""Browsers without a valid setup token: guesses, and input from an earlier holder of a token (S2, W5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config_app.live import runtime
from hub.auth.throttle import WRONG_TOKENS
from setup_wizard.claiming import draft, tokens
from setup_wizard.claiming.claim import Claim, claim
from setup_wizard.pages import views
from tests.setup_wizard.test_setup_token import offered, token_file
from tests.support.browsers.wizard_walk import (
    ACCOUNT,
    ADMIN,
    CREDENTIALS,
    LOCAL,
    MODE,
    NETWORK,
    WORKOS,
    Browser,
)

__all__ = ["token_file"]  # a fixture

(LIMIT,) = WRONG_TOKENS.values()

pytestmark = pytest.mark.django_db(transaction=True)


def took_over() -> Browser:
    """Give a browser that entered a token after another browser had completed all steps."""
    first, browser = Browser(), Browser()
    first.fill_all()
    first.fill("mode", WORKOS["mode"])
    first.fill("credentials", CREDENTIALS)
    browser.unlock()
    return browser


def test_an_earlier_holders_password_and_secrets_are_nobody_elses() -> None:
    """Otherwise, the earlier holder's password would become the password of the administrator."""
    browser = took_over()
    assert browser.location == "/setup/mode/"
    assert (draft.load().password, draft.load().secrets) == ("", {})
    assert browser.get("/setup/review/") == 302
    assert browser.location == "/setup/mode/"


def test_what_an_earlier_holder_entered_fills_in_the_forms_and_says_so() -> None:
    browser = took_over()
    browser.get("/setup/mode/")
    assert "with an earlier setup token. If it was not you, run ./manage.py setup_token --new" in browser.text
    assert browser.response.context["form"]["app_mode"].value() == "workos"
    browser.fill("mode", MODE)
    browser.get("/setup/account/")
    assert f'value="{ADMIN}"' in browser.body
    assert browser.post("/setup/account/", {**ACCOUNT, "password1": "", "password2": ""}) == 200
    browser.fill("account", ACCOUNT)
    browser.get("/setup/account/")
    assert "with an earlier setup token" not in browser.text


def test_nobody_becomes_a_super_admin_by_what_an_earlier_holder_entered() -> None:
    """This must also hold after a change of the mode, which moves the field to another step."""
    first, browser = Browser(), Browser()
    first.fill_all({**LOCAL, "security": {"super_admin_emails": f"{ADMIN},mallory@example.org"}})
    browser.unlock()
    for name, data in {**WORKOS, "credentials": CREDENTIALS}.items():
        browser.fill(name, data)
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    browser.get("/setup/security/")
    assert ADMIN in browser.body
    assert "mallory" not in browser.body


def test_a_step_that_was_sent_takes_nothing_from_an_earlier_holder() -> None:
    first, browser = Browser(), Browser()
    first.fill_all({**LOCAL, "network": {**NETWORK, "public_url": "https://mallory.example.org"}})
    browser.unlock()
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert "https://mallory.example.org" in browser.body
    browser.fill("network", {**NETWORK, "public_url": ""})
    browser.get("/setup/network/")
    assert "mallory" not in browser.body


def test_renewing_the_token_discards_what_was_entered() -> None:
    Browser().fill_all()
    tokens.renew(now=timezone.now())
    browser = Browser()
    browser.unlock()
    browser.get("/setup/mode/")
    assert "with an earlier setup token" not in browser.text
    assert (draft.load().steps, draft.load().earlier) == ({}, {})


@pytest.mark.parametrize("renewed", [True, False])
def test_who_lost_the_token_while_they_finish_claims_nothing(
    monkeypatch: pytest.MonkeyPatch, renewed: bool
) -> None:
    """The request has passed the gate and the view, and waits for the writers' lock."""
    first, second = Browser(), Browser()
    first.fill_all()

    def claim_late(*args: Any, **options: Any) -> Claim:
        if renewed:
            tokens.renew(now=timezone.now())
        else:
            second.unlock()
        return claim(*args, **options)

    monkeypatch.setattr(views, "claim", claim_late)
    assert first.finish() == 302
    assert first.location == "/setup/"
    assert not runtime.reload().config.setup_completed


def test_who_comes_back_with_the_token_they_had_goes_on_where_they_were() -> None:
    browser = Browser()
    browser.fill_all()
    assert browser.get("/setup/review/") == 200


def test_a_step_sent_while_somebody_takes_over_is_not_staged(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Browser(), Browser()
    first.unlock()
    save = draft.save

    def save_late(*args: Any, **options: Any) -> None:
        second.unlock()
        save(*args, **options)

    monkeypatch.setattr(draft, "save", save_late)
    first.fill("mode", LOCAL["mode"])
    assert first.location == "/setup/"
    assert draft.load().steps == {}


def test_an_address_that_guesses_has_to_wait_and_no_other() -> None:
    """Requirement W5: the owner is never locked out, even with the same address as the attacker."""
    token, here, there = offered(), Browser(), Browser(REMOTE_ADDR="10.1.2.3")
    for status in [200] * (LIMIT - 1) + [429]:
        assert here.post("/setup/", {"token": "a guess"}) == status
    assert here.post("/setup/", {"token": "a guess"}) == 429
    assert here.response.headers["Retry-After"] == "300"
    assert "Wait 5 minutes" in here.text
    assert there.post("/setup/", {"token": "a guess"}) == 200
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6)):
        assert here.post("/setup/", {"token": "a guess"}) == 200
    for _ in range(LIMIT):
        here.post("/setup/", {"token": "a guess"})
    assert here.post("/setup/", {"token": token}) == 302


def test_whoever_guesses_elsewhere_holds_nobody_up() -> None:
    token = offered()
    for number in range(60):
        Browser(REMOTE_ADDR=f"10.1.2.{number}").post("/setup/", {"token": "a guess"})
    assert Browser().post("/setup/", {"token": token}) == 302


def test_nothing_of_a_wrong_token_is_kept() -> None:
    Browser().post("/setup/", {"token": "nearly_the_right_one"})
    assert "nearly" not in str(list(AccessAttempt.objects.values()))


def test_a_wrong_token_is_logged_as_what_it_is(caplog: pytest.LogCaptureFixture) -> None:
    Browser().post("/setup/", {"token": "a guess"})
    assert "(setup token) from 127.0.0.1" in caplog.text


def test_a_wrong_token_waits_for_no_writer() -> None:
    offered()
    with CaptureQueriesContext(connection) as captured:
        assert tokens.accept("a guess") is None
    assert not [query for query in captured if query["sql"].startswith(("UPDATE", "BEGIN IMMEDIATE"))]
