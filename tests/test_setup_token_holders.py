"""Who holds no setup token any more, or never did: guesses, and what an earlier holder left (S2, W5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hub.auth.throttle import WRONG_TOKENS
from setup_wizard import draft, tokens
from tests.test_setup_token import offered, token_file
from tests.wizard_walk import LOCAL, Browser

__all__ = ["token_file"]  # a fixture

(LIMIT,) = WRONG_TOKENS.values()

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("renewed", [True, False])
def test_what_an_earlier_holder_entered_is_nobody_elses(renewed: bool) -> None:
    """Somebody else's password would become that of the administrator, whom the review names alone."""
    first, second = Browser(), Browser()
    first.fill_all()
    if renewed:
        tokens.renew(now=timezone.now())
    second.unlock()
    second.get("/setup/review/")
    assert second.location == "/setup/mode/"
    assert draft.load().password == ""


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
    """Requirement W5."""
    token, here, there = offered(), Browser(), Browser(REMOTE_ADDR="10.1.2.3")
    for status in [200] * (LIMIT - 1) + [429]:
        assert here.post("/setup/", {"token": "a guess"}) == status
    assert here.post("/setup/", {"token": token}) == 429
    assert here.response.headers["Retry-After"] == "300"
    assert "Wait 5 minutes" in here.text
    assert there.post("/setup/", {"token": "a guess"}) == 200
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6)):
        assert here.post("/setup/", {"token": token}) == 302


def test_whoever_guesses_elsewhere_holds_nobody_up() -> None:
    token = offered()
    for number in range(60):
        Browser(REMOTE_ADDR=f"10.1.2.{number}").post("/setup/", {"token": "a guess"})
    assert Browser().post("/setup/", {"token": token}) == 302


def test_nothing_of_a_wrong_token_is_kept() -> None:
    Browser().post("/setup/", {"token": "nearly_the_right_one"})
    assert "nearly" not in str(list(AccessAttempt.objects.values()))


def test_a_wrong_token_waits_for_no_writer() -> None:
    offered()
    with CaptureQueriesContext(connection) as captured:
        assert tokens.accept("a guess") is None
    assert not [query for query in captured if query["sql"].startswith(("UPDATE", "BEGIN IMMEDIATE"))]
