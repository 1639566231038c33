"""Signing in with e-mail address and password."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser, configure

pytestmark = pytest.mark.usefixtures("owner")

OWNER = "owner@example.com"


def sign_in(client: Client | None = None, **fields: str) -> Any:
    data = {"username": OWNER, "password": PASSWORD, **fields}
    return (client or browser()).post("/auth/login", data)


def test_the_right_password_leads_to_the_dashboard() -> None:
    client = browser()
    response = sign_in(client)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("email", ["OWNER@example.com", "Owner@EXAMPLE.com", "  owner@example.com  "])
def test_the_address_is_compared_in_one_spelling(email: str) -> None:
    assert sign_in(username=email).status_code == 302


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "wrong horse battery staple"},
        {"password": PASSWORD.upper()},
        {"password": f"{PASSWORD} "},
        {"password": ""},
        {"username": "nobody@example.com"},
        {"username": ""},
        {"username": "owner"},
        {"username": "owner@example.com' OR 1=1 --"},
        {"username": "o" * 100_000},
        {"password": "p" * 5000},
    ],
)
def test_anything_else_is_refused(fields: dict[str, str]) -> None:
    client = browser()
    response = sign_in(client, **fields)
    assert response.status_code == 200
    assert "not signed in" in response.text
    assert client.get("/").status_code == 302


def test_a_refusal_does_not_say_which_accounts_there_are() -> None:
    User.objects.create_user("inactive@example.com", PASSWORD, is_active=False)
    User.objects.create_user("workos@example.com")
    answers = {
        sign_in(username=email, password=password).context["form"].non_field_errors()[0]
        for email, password in (
            (OWNER, "wrong"),
            ("nobody@example.com", "wrong"),
            ("inactive@example.com", PASSWORD),
            ("inactive@example.com", "wrong"),
            ("workos@example.com", "wrong"),
        )
    }
    assert len(answers) == 1


def test_a_refusal_takes_the_same_work_for_every_account(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("inactive@example.com", PASSWORD, is_active=False)
    User.objects.create_user("workos@example.com")
    runs: list[str] = []
    hasher = hashers.MD5PasswordHasher
    encode = hasher.encode

    def counting(self: Any, password: str, salt: str) -> str:
        runs.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hasher, "encode", counting)
    for email in (OWNER, "nobody@example.com", "inactive@example.com", "workos@example.com"):
        runs.clear()
        sign_in(username=email, password="wrong")
        assert len(runs) == 1, email


def test_an_inactive_account_is_out_at_the_next_request() -> None:
    client = browser()
    sign_in(client)
    User.objects.filter(email=OWNER).update(is_active=False)
    assert client.get("/").headers["Location"] == "/auth/login?next=/"


@pytest.mark.parametrize("path", ["/admin/", "/admin/password_change/?a=1&b=2", "/"])
def test_it_leads_back_to_where_one_wanted_to_go(path: str) -> None:
    client = browser()
    page = client.get(path, follow=True)
    wanted = page.context["next"]
    assert sign_in(client, next=wanted).headers["Location"] == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "https://evil.example/",
        "http:///evil.example",
        "https:evil.example",
        "http://127.0.0.1:8884@evil.example",
        "http://127.0.0.1:8885/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        " //evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "\x01//evil.example",
    ],
)
def test_it_never_leads_elsewhere(elsewhere: str) -> None:
    assert sign_in(next=elsewhere).headers["Location"] == "/"
    client = browser()
    page = client.get("/auth/login", {"next": elsewhere})
    assert page.context["next"] == ""
    sign_in(client)
    assert client.get("/auth/login", {"next": elsewhere}).headers["Location"] == "/"


def test_it_makes_a_new_session() -> None:
    client = browser()
    client.cookies["sessionid"] = planted = "a" * 32
    sign_in(client)
    first = client.cookies["sessionid"].value
    assert first != planted
    sign_in_again = sign_in(client)
    assert sign_in_again.status_code == 302
    assert not Session.objects.filter(session_key=planted).exists()


def test_another_person_does_not_inherit_the_session() -> None:
    User.objects.create_user("other@example.com", PASSWORD)
    client = browser()
    sign_in(client)
    session = client.session
    session["draft"] = "owner's"
    session.save()
    first = client.cookies["sessionid"].value
    client.post("/auth/logout")
    sign_in(client, username="other@example.com")
    assert "draft" not in client.session
    assert not Session.objects.filter(session_key=first).exists()


def test_it_clears_sessions_that_have_ended() -> None:
    past, key = timezone.now() - dt.timedelta(days=1), "b" * 32
    Session.objects.create(session_key=key, session_data="", expire_date=past)
    sign_in()
    assert not Session.objects.filter(session_key=key).exists()


def test_the_page_cannot_be_framed_or_cached() -> None:
    page = browser().get("/auth/login")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "no-store" in page.headers["Cache-Control"]


def test_the_page_helps_password_managers_and_shows_no_password() -> None:
    page = sign_in(password="wrong horse 7f3a").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "wrong horse 7f3a" not in page
    assert "owner@example.com" in page


def test_whoever_is_signed_in_needs_no_form() -> None:
    client = browser()
    sign_in(client)
    assert client.get("/auth/login").headers["Location"] == "/"
    assert client.get("/auth/login?next=/admin/").headers["Location"] == "/admin/"


def test_the_admin_has_no_form_of_its_own() -> None:
    response = browser().get("/admin/login/?next=/admin/password_change/")
    assert response.headers["Location"] == "/auth/login?next=/admin/password_change/"
    assert browser().get("/admin/login/").headers["Location"] == "/auth/login?next=/admin/"
    answer = browser().post("/admin/login/", {"username": OWNER, "password": PASSWORD})
    assert answer.status_code == 302
    assert "sessionid" not in answer.cookies


def test_the_admin_is_reached_through_the_one_form() -> None:
    client = browser()
    page: Any = client.get("/admin/password_change/", follow=True)
    assert page.request["PATH_INFO"] == "/auth/login"
    answer: Any = sign_in(client, next=page.context["next"])
    assert (
        client.get(answer.headers["Location"], follow=True).request["PATH_INFO"] == "/admin/password_change/"
    )


def test_members_are_refused_by_the_admin_without_a_loop() -> None:
    User.objects.create_user("member@example.com", PASSWORD)
    client = browser()
    sign_in(client, username="member@example.com")
    for path in ("/admin/", "/admin/login/", "/admin/config_app/systemconfig/"):
        assert client.get(path, follow=True).status_code == 403, path


def test_local_mode_lets_nobody_in_without_a_password() -> None:
    """The original server made everyone who could connect to its port a super admin (B5)."""
    for path in ("/", "/admin/", "/admin/config_app/systemconfig/"):
        for visitor in (
            browser(),
            browser(REMOTE_ADDR="127.0.0.1"),
            browser(HTTP_X_FORWARDED_FOR="127.0.0.1"),
        ):
            assert visitor.get(path).status_code == 302
    assert browser().get("/api/config").status_code == 401
    configure(public_url="http://127.0.0.1:8884")
    assert browser().get("/api/config").status_code == 401
