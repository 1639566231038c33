"""After several wrong passwords, a user must wait before the next attempt, but never for ever (W5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.backends import ModelBackend
from django.test import Client

from hub.auth.throttle import AHEAD, LIMITS, client_network
from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser, configure

pytestmark = pytest.mark.usefixtures("owner")

OWNER = "owner@example.com"
PAIR, ADDRESS, ACCOUNT = LIMITS.values()


def attempt(password: str = "wrong", email: str = OWNER, client: Client | None = None, **environ: Any) -> Any:
    return (client or browser(**environ)).post("/auth/login", {"username": email, "password": password})


def fail(times: int, email: str = OWNER, **environ: Any) -> None:
    for _ in range(times):
        attempt(email=email, **environ)


def may_sign_in(email: str = OWNER, client: Client | None = None, **environ: Any) -> bool:
    response = attempt(PASSWORD, email, client, **environ)
    assert response.status_code in {302, 429}
    return bool(response.status_code == 302)


def test_a_few_mistakes_do_no_harm() -> None:
    fail(PAIR - 1)
    assert may_sign_in()


def test_after_some_one_has_to_wait_even_with_the_right_password() -> None:
    fail(PAIR)
    assert not may_sign_in()


def test_the_own_password_is_no_way_around(owner: User) -> None:
    client = browser()
    client.force_login(owner)
    new = {"new_password1": "an even longer password", "new_password2": "an even longer password"}
    for status in [200] * (PAIR - 1) + [429]:
        answer = client.post("/admin/password_change/", {"old_password": "wrong", **new})
        assert answer.status_code == status
    assert client.post("/admin/password_change/", {"old_password": PASSWORD, **new}).status_code == 429
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert not may_sign_in()


def test_the_page_says_for_how_long() -> None:
    fail(PAIR)
    response = attempt()
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "300"
    assert "Wait 5 minutes" in response.text
    assert "wrong" not in response.context["form"]["password"].as_widget()


def test_the_attempt_that_reaches_the_limit_is_told_so() -> None:
    fail(PAIR - 1)
    assert attempt().status_code == 429


def test_waiting_helps_and_asking_meanwhile_does_not_prolong_it() -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        fail(PAIR)
        for _ in range(9):
            clock.shift(30)
            assert not may_sign_in()
        clock.shift(31)
        assert may_sign_in()


def test_a_successful_sign_in_forgets_the_mistakes() -> None:
    fail(PAIR - 1)
    assert may_sign_in()
    fail(PAIR - 1)
    assert may_sign_in()


def test_an_attacker_elsewhere_does_not_keep_the_owner_out() -> None:
    fail(ADDRESS + 5, REMOTE_ADDR="203.0.113.9")
    assert not may_sign_in(REMOTE_ADDR="203.0.113.9")
    assert may_sign_in(REMOTE_ADDR="198.51.100.7")


def test_an_address_that_tries_many_accounts_has_to_wait() -> None:
    for number in range(ADDRESS):
        attempt(email=f"guess{number}@example.com", REMOTE_ADDR="203.0.113.9")
    assert not may_sign_in(REMOTE_ADDR="203.0.113.9")


def test_an_account_that_many_addresses_try_has_to_wait() -> None:
    for number in range(ACCOUNT):
        attempt(REMOTE_ADDR=f"203.0.113.{number}")
    assert not may_sign_in(REMOTE_ADDR="198.51.100.7")


def test_the_owner_is_never_kept_out_of_a_browser_that_knows_the_account() -> None:
    known = browser(REMOTE_ADDR="203.0.113.9")
    assert may_sign_in(client=known)
    known.post("/auth/logout")
    for number in range(ACCOUNT):
        attempt(REMOTE_ADDR=f"203.0.113.{number}")
    fail(ADDRESS, REMOTE_ADDR="203.0.113.9")
    assert not may_sign_in(REMOTE_ADDR="203.0.113.9")
    assert may_sign_in(client=known)


def test_a_known_browser_may_not_guess_for_ever_either() -> None:
    known = browser()
    assert may_sign_in(client=known)
    known.post("/auth/logout")
    for _ in range(PAIR):
        attempt(client=known)
    assert not may_sign_in(client=known)
    assert may_sign_in()


def test_a_browser_that_knows_one_account_is_a_stranger_to_others() -> None:
    User.objects.create_user("other@example.com", PASSWORD)
    known = browser()
    assert may_sign_in("other@example.com", client=known)
    known.post("/auth/logout")
    fail(PAIR)
    assert not may_sign_in(client=known)


def test_a_forged_cookie_makes_no_browser_known() -> None:
    known = browser()
    assert may_sign_in(client=known)
    fail(PAIR)
    for value in ("", "x", "a:b:c", known.cookies["browser"].value[:-2] + "xx"):
        stranger = browser()
        stranger.cookies["browser"] = value
        assert not may_sign_in(client=stranger), value


def test_having_an_account_too_does_not_help_guessing() -> None:
    User.objects.create_user("insider@example.com", PASSWORD)
    fail(PAIR)
    assert may_sign_in("insider@example.com")
    assert not may_sign_in()


def test_guessing_many_at_the_same_moment_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    check = ModelBackend.authenticate
    others = iter([PAIR])

    def slowly(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = check(self, *args, **kwargs)
        fail(next(others, 0))  # parallel attempts, which were allowed before this one failed
        return found

    monkeypatch.setattr(ModelBackend, "authenticate", slowly)
    assert not may_sign_in()


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_nobody_waits_for_a_clock_that_was_set_back(hours: int) -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)):
        fail(PAIR)
        assert not may_sign_in()
    fail(PAIR - 1)
    assert may_sign_in()
    fail(PAIR)
    assert not may_sign_in()


def test_a_clock_that_is_a_little_behind_hides_no_failure() -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC) + AHEAD / 2):
        fail(PAIR)
    assert not may_sign_in()


def test_one_account_is_one_however_it_is_written() -> None:
    for email in (OWNER, "OWNER@example.com", " owner@EXAMPLE.com "):
        fail(2, email=email)
    assert not may_sign_in()


def test_an_account_that_there_is_not_is_treated_alike() -> None:
    fail(PAIR, email="nobody@example.com")
    assert attempt(email="nobody@example.com").status_code == 429


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("", None),
        ("unknown", None),
    ],
)
def test_one_ipv6_network_is_one_address(address: str, network: str | None) -> None:
    request: Any = browser(REMOTE_ADDR=address).get("/auth/login")
    assert client_network(request.wsgi_request) == network


def test_behind_a_trusted_proxy_the_client_waits_and_nobody_else() -> None:
    configure(trusted_proxies="10.0.0.1")
    fail(PAIR, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert not may_sign_in(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1, 203.0.113.9")
    assert may_sign_in(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7")


def test_a_forged_header_gives_no_new_address() -> None:
    for number in range(PAIR):
        attempt(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert not may_sign_in(HTTP_X_FORWARDED_FOR="203.0.113.99")


def test_what_was_typed_is_not_kept() -> None:
    attempt("canary-7f3a", email="canary-9b1c typed in the wrong field")
    attempt("canary-7f3a", email=OWNER)
    for row in AccessAttempt.objects.values():
        assert "canary" not in str(row)


def test_the_log_says_who_and_where_from_and_no_password(caplog: Any) -> None:
    attempt("canary-7f3a", REMOTE_ADDR="203.0.113.9")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("axes")]
    assert any(OWNER in line and "203.0.113.9" in line for line in lines)
    assert "canary" not in str(lines)
