"""``super_admin_emails`` decides at every request who is a super admin (requirement W11, B4, B6)."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.test import Client

from config_app.errors import InvalidPlan
from config_app.live import runtime
from config_app.models import SystemConfig
from hub.authorization import ais_super_admin, is_super_admin
from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser, configure

OWNER, SECOND = "owner@example.com", "second@example.com"


def signed_in(user: User) -> Client:
    client = browser()
    client.force_login(user)
    return client


def administers(client: Client) -> bool:
    api, admin = client.get("/api/config").status_code, client.get("/admin/hub/user/").status_code
    assert (api == 200) is (admin == 200)
    return api == 200


def test_removal_takes_effect_at_the_very_next_request(owner: User) -> None:
    second = User.objects.create_user(SECOND, PASSWORD)
    configure(super_admin_emails=f"{OWNER}, {SECOND}")
    client = signed_in(second)
    assert administers(client)
    configure(super_admin_emails=OWNER)
    assert not administers(client)
    assert client.get("/").status_code == 200
    assert "no administration rights" in client.get("/").text


def test_so_does_appointment(owner: User) -> None:
    client = signed_in(User.objects.create_user(SECOND, PASSWORD))
    assert not administers(client)
    configure(super_admin_emails=f"{OWNER}, {SECOND}")
    assert administers(client)


def test_removal_by_sql_counts_too(owner: User) -> None:
    client = signed_in(owner)
    SystemConfig.objects.filter(pk="super_admin_emails").update(config_value="new@example.com")
    runtime.reload()
    assert not administers(client)


@pytest.mark.parametrize("listed", ["OWNER@EXAMPLE.COM", "Owner@example.com", "  owner@Example.Com  "])
def test_addresses_are_compared_without_case(owner: User, listed: str) -> None:
    configure(super_admin_emails=listed)
    assert administers(signed_in(owner))
    assert is_super_admin("OWNER@example.com")


@pytest.mark.parametrize(
    "email",
    [
        "",
        None,
        "owner",
        "owner@example.com.evil.example",
        "xowner@example.com",
        "owner@example.co",
        "owner+x@example.com",
        "owner@example.com,evil@example.com",
        "owner@example.com\0",
        "*",
        "@example.com",
        "admin@example.com",
    ],
)
def test_nobody_else_is_one(owner: User, email: str | None) -> None:
    assert not is_super_admin(email)
    assert async_to_sync(ais_super_admin)(email) is False


def test_the_answer_is_a_plain_bool_and_its_async_twin_must_be_awaited(owner: User) -> None:
    """The original server did not await the coroutine, and a coroutine is always true (B4)."""
    assert is_super_admin("stranger@example.com") is False
    assert is_super_admin(OWNER) is True
    assert not inspect.iscoroutinefunction(is_super_admin)
    assert async_to_sync(ais_super_admin)(OWNER) is True


def test_a_list_that_was_never_set_makes_nobody_one(install: None) -> None:
    """In this case, the original server made admin@example.com a super admin (B6)."""
    assert runtime.get_config().super_admin_emails == ()
    for email in ("admin@example.com", "", None):
        assert not is_super_admin(email)
    user = User.objects.create_user("admin@example.com", PASSWORD)
    assert not user.is_superuser


def test_a_claimed_hub_keeps_at_least_one(owner: User) -> None:
    for nobody in ("", None):
        with pytest.raises(InvalidPlan, match="super_admin_emails"):
            configure(super_admin_emails=nobody)


def test_an_inactive_account_is_never_one(owner: User) -> None:
    client = signed_in(owner)
    User.objects.update(is_active=False)
    assert not administers(client)
    assert not User(email=OWNER, is_active=False).is_superuser
    assert not User(email=OWNER, is_active=False).is_staff


def test_every_permission_together_makes_no_super_admin(owner: User) -> None:
    staff = User.objects.create_user("staff@example.com", PASSWORD, is_staff_member=True)
    staff.user_permissions.set(Permission.objects.all())
    assert not staff.is_superuser
    assert signed_in(staff).get("/api/config").status_code == 403


def test_nobody_is_made_one_by_the_account_itself(owner: User) -> None:
    with pytest.raises((AttributeError, TypeError)):
        User.objects.create_user("evil@example.com", PASSWORD, is_superuser=True)
    person = User.objects.create_user("person@example.com", PASSWORD)
    with pytest.raises(AttributeError):
        setattr(person, "is_superuser", True)  # noqa: B010 - as code for Django's own user model does


def test_it_costs_no_query(owner: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert owner.is_superuser
        assert owner.has_perm("config_app.change_systemconfig")
