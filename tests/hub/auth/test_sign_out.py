"""Signing out and changing the password both end sessions on the server (B18)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import SERVER, browser

pytestmark = pytest.mark.usefixtures("owner")

OTHER_PASSWORD = "another horse battery staple"


def signed_in() -> Client:
    client = browser()
    client.post("/auth/login", {"username": "owner@example.com", "password": PASSWORD})
    assert is_signed_in(client)
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/api/config").status_code == 200


def copy_of(client: Client) -> Client:
    """Return another browser with the same cookies."""
    copy = browser()
    for name, cookie in client.cookies.items():
        copy.cookies[name] = cookie.value
    return copy


@pytest.mark.parametrize("path", ["/auth/logout", "/admin/logout/"])
def test_a_stolen_cookie_is_worth_nothing_afterwards(path: str) -> None:
    client = signed_in()
    thief = copy_of(client)
    assert is_signed_in(thief)
    response = client.post(path)
    assert response.headers["Location"] == "/auth/signed-out"
    assert not is_signed_in(thief)
    assert not is_signed_in(client)
    assert not Session.objects.exists()


def test_it_ends_this_session_only() -> None:
    here, there = signed_in(), signed_in()
    here.post("/auth/logout")
    assert is_signed_in(there)


@pytest.mark.parametrize("path", ["/auth/logout", "/admin/logout/"])
def test_no_link_or_image_can_sign_out(path: str) -> None:
    client = signed_in()
    assert client.get(path).status_code in {302, 405}
    assert is_signed_in(client)


def test_no_form_elsewhere_can_sign_out() -> None:
    strict = Client(enforce_csrf_checks=True, **SERVER)
    strict.force_login(User.objects.get())
    assert strict.post("/auth/logout", headers={"origin": "https://evil.example"}).status_code == 403
    assert is_signed_in(strict)


def test_the_page_afterwards_leads_back() -> None:
    client = signed_in()
    page = client.post("/auth/logout", follow=True)
    assert "signed out" in page.text
    assert 'href="/auth/login"' in page.text


def test_it_never_leads_elsewhere() -> None:
    for elsewhere in ("//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil.example"):
        response = signed_in().post("/auth/logout", {"next": elsewhere})
        assert response.headers["Location"] == "/auth/signed-out"


def test_strangers_may_do_it_without_harm() -> None:
    assert browser().post("/auth/logout").status_code == 302


def change_password(client: Client, **fields: str) -> Any:
    new = {"new_password1": OTHER_PASSWORD, "new_password2": OTHER_PASSWORD}
    return client.post("/admin/password_change/", {"old_password": PASSWORD, **new, **fields})


def test_a_new_password_ends_every_other_session() -> None:
    here, there = signed_in(), signed_in()
    assert change_password(here).headers["Location"] == "/admin/password_change/done/"
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_the_new_password_counts_and_the_old_does_not() -> None:
    change_password(signed_in())
    for password, status in ((PASSWORD, 200), (OTHER_PASSWORD, 302)):
        answer = browser().post("/auth/login", {"username": "owner@example.com", "password": password})
        assert answer.status_code == status


def test_people_who_are_not_staff_change_their_password_too() -> None:
    User.objects.create_user("member@example.com", PASSWORD)
    client = browser()
    client.post("/auth/login", {"username": "member@example.com", "password": PASSWORD})
    assert 'href="/auth/password"' in client.get("/").text
    assert "Old password" in client.get("/auth/password").text
    new = {"new_password1": OTHER_PASSWORD, "new_password2": OTHER_PASSWORD}
    wrong = client.post("/auth/password", {"old_password": "wrong", **new})
    assert "Your password is not changed" in wrong.text
    done = client.post("/auth/password", {"old_password": PASSWORD, **new}, follow=True)
    assert "Password changed" in done.text
    answer = browser().post("/auth/login", {"username": "member@example.com", "password": OTHER_PASSWORD})
    assert answer.status_code == 302


def test_a_person_without_a_password_here_is_offered_none() -> None:
    member = User.objects.create_user("member@example.com")
    client = browser()
    client.force_login(member)
    assert "/auth/password" not in client.get("/").text
    assert client.get("/auth/password").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"old_password": "wrong"},
        {"new_password2": "different"},
        {"new_password1": "short", "new_password2": "short"},
        {"new_password1": "password123", "new_password2": "password123"},
    ],
)
def test_a_bad_change_of_the_password_is_refused(fields: dict[str, str]) -> None:
    client = signed_in()
    response = change_password(client, **fields)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert is_signed_in(signed_in())
