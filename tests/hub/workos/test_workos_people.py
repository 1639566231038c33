"""Which account a sign-in leads to: WorkOS's user id decides; an address counts only if verified."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.workos.authkit import OWNER, AuthKit, user
from tests.support.workos.fixtures import Visitor, change, expire_tokens

SECOND = "second@example.com"


def sign_in(kit: AuthKit, email: str = OWNER, **facts: Any) -> tuple[Visitor, Any]:
    kit.person = user(email, **facts)
    visitor = Visitor()
    return visitor, visitor.sign_in(kit)


def test_the_first_sign_in_makes_an_account(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, "Max@Example.COM", first_name="Max", last_name="Member")
    account = User.objects.get(workos_user_id="user_Max")
    assert (account.email, account.name, account.email_verified) == ("max@example.com", "Max Member", True)
    assert not account.has_usable_password()
    assert not account.is_staff


@pytest.mark.parametrize("email", [" Max@Example.COM ", "MAX@EXAMPLE.COM", "max@example.com\t"])
def test_an_address_that_is_written_differently_is_normalized(workos_hub: AuthKit, email: str) -> None:
    visitor, _ = sign_in(workos_hub, email, id="user_MAX")
    assert visitor.is_signed_in()
    assert User.objects.get().email == "max@example.com"


UNUSABLE = [
    "max@bücher.example",
    "größe@example.com",
    '"max max"@example.com',
    "*@example.com",
    "max@example.com.",
    "max",
    "max@exa mple.com",
    f"{'m' * 64}@{'.'.join(['x' * 60] * 4)}.com",
    "max@example.com\0",
]


@pytest.mark.parametrize("email", UNUSABLE)
@pytest.mark.parametrize("verified", [True, False])
def test_an_address_that_cannot_be_used_is_explained(
    workos_hub: AuthKit, email: str, *, verified: bool
) -> None:
    visitor, response = sign_in(workos_hub, email, id="user_MAX", email_verified=verified)
    assert (response.status_code, User.objects.count()) == (403, 0)
    assert "This hub cannot use your e-mail address" in response.content.decode()
    assert not visitor.is_signed_in()


def test_an_account_whose_address_becomes_unusable_keeps_its_old_address(workos_hub: AuthKit) -> None:
    visitor, _ = sign_in(workos_hub, id="user_1")
    assert visitor.may_administer()
    workos_hub.person = user("owner@bücher.example", id="user_1")
    expire_tokens()
    assert visitor.is_signed_in()
    assert not visitor.may_administer()
    account = User.objects.get()
    assert (account.email, account.email_verified) == (OWNER, False)


def test_a_name_is_stored_without_characters_that_cannot_be_shown(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, first_name="Ol\0ive\ud800", last_name="Ow\u202ener")
    assert User.objects.get().name == "Olive Owner"


def test_a_later_sign_in_finds_it_by_the_user_id(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, id="user_1")
    sign_in(workos_hub, "other@example.com", id="user_1", first_name="Olive")
    account = User.objects.get()
    assert (account.email, account.name) == ("other@example.com", "Olive")


def test_a_verified_address_leads_to_the_local_account_that_has_it(workos_hub: AuthKit) -> None:
    local = User.objects.create_user(OWNER, PASSWORD, is_staff_member=True)
    visitor, response = sign_in(workos_hub)
    assert response.status_code == 302
    local.refresh_from_db()
    assert local.workos_user_id == "user_owner"
    assert local.check_password(PASSWORD), "it is the way back in when WorkOS is down"
    assert visitor.may_administer()


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_leads_nowhere(workos_hub: AuthKit, verified: object) -> None:
    local = User.objects.create_user(OWNER, PASSWORD)
    visitor, response = sign_in(workos_hub, email_verified=verified)
    assert "Verify your e-mail address first" in response.content.decode()
    local.refresh_from_db()
    assert local.workos_user_id is None
    assert not visitor.is_signed_in()


def test_somebody_unverified_gets_an_account_of_their_own_without_rights(workos_hub: AuthKit) -> None:
    visitor, _ = sign_in(workos_hub, email_verified=False)
    assert visitor.is_signed_in()
    assert not visitor.may_administer()


def test_an_account_never_has_an_address_that_is_not_verified(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, id="user_SQUATTER", email_verified=False)
    squatter = User.objects.get()
    assert (squatter.email, squatter.name) == ("user_squatter@unverified.invalid", OWNER)
    assert not squatter.email_verified
    visitor, _ = sign_in(workos_hub, id="user_TRUE")
    assert User.objects.get(email=OWNER).workos_user_id == "user_TRUE"
    assert visitor.may_administer()


def test_whoever_verifies_their_address_later_gets_it(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, email_verified=False)
    visitor, _ = sign_in(workos_hub)
    account = User.objects.get()
    assert (account.email, account.email_verified) == (OWNER, True)
    assert visitor.may_administer()


def test_an_address_passes_to_whoever_has_verified_it_now(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, id="user_FORMER")
    former = User.objects.get()
    sign_in(workos_hub, id="user_NOW")
    former.refresh_from_db()
    assert (former.email, former.email_verified) == ("user_former@former.invalid", False)
    assert User.objects.get(email=OWNER).workos_user_id == "user_NOW"


def test_an_address_that_was_changed_and_not_verified_changes_no_account(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, "max@example.com", id="user_1")
    visitor, _ = sign_in(workos_hub, "other@example.com", id="user_1", email_verified=False)
    account = User.objects.get()
    assert (account.email, account.email_verified) == ("max@example.com", False)
    assert visitor.is_signed_in()


@pytest.mark.parametrize("how", ["sign-in", "refresh"])
def test_an_unverified_address_makes_no_super_admin_once_the_shell_leads_back_to_passwords(
    workos_hub: AuthKit, how: str
) -> None:
    change(super_admin_emails=(OWNER, SECOND))
    User.objects.create_user(OWNER, PASSWORD)
    User.objects.create_user("mallory@example.com", PASSWORD)
    mallory, _ = sign_in(workos_hub, "mallory@example.com")
    workos_hub.person |= {"email": SECOND, "email_verified": False}
    if how == "sign-in":
        Visitor().sign_in(workos_hub)
    expire_tokens()
    assert not mallory.may_administer()
    change(app_mode="local")
    for address in ("mallory@example.com", SECOND):
        local = Visitor()
        local.post("/auth/login", {"username": address, "password": PASSWORD})
        assert not local.may_administer()


def test_a_new_account_with_an_unverified_address_is_no_super_admin_with_a_password_either(
    workos_hub: AuthKit,
) -> None:
    change(super_admin_emails=(OWNER, SECOND))
    User.objects.create_user(OWNER, PASSWORD)
    sign_in(workos_hub, SECOND, id="user_mallory", email_verified=False)
    account = User.objects.get(workos_user_id="user_mallory")
    account.set_password(PASSWORD)
    account.save()
    change(app_mode="local")
    local = Visitor()
    local.post("/auth/login", {"username": account.email, "password": PASSWORD})
    assert local.is_signed_in()
    assert not local.may_administer()


def test_a_person_made_anew_at_workos_inherits_nothing(workos_hub: AuthKit) -> None:
    sign_in(workos_hub, "max@example.com", id="user_1")
    User.objects.update(is_staff_member=True)
    sign_in(workos_hub, "max@example.com", id="user_2")
    assert not User.objects.get(workos_user_id="user_2").is_staff_member
    assert User.objects.get(workos_user_id="user_1").is_staff_member


def test_an_address_of_a_local_account_is_not_taken_by_somebody_who_has_an_account(
    workos_hub: AuthKit,
) -> None:
    sign_in(workos_hub, "max@example.com", id="user_1")
    local = User.objects.create_user(OWNER, PASSWORD)
    _, response = sign_in(workos_hub, OWNER, id="user_1")
    assert "Your e-mail address belongs to another account" in response.content.decode()
    local.refresh_from_db()
    assert local.workos_user_id is None


def test_an_inactive_account_does_not_sign_in(workos_hub: AuthKit) -> None:
    sign_in(workos_hub)
    User.objects.update(is_active=False)
    visitor, response = sign_in(workos_hub)
    assert response.status_code == 403
    assert "Your account is not active" in response.content.decode()
    assert not visitor.is_signed_in()


def test_deactivating_an_account_ends_its_sessions(workos_hub: AuthKit) -> None:
    visitor, _ = sign_in(workos_hub)
    User.objects.update(is_active=False)
    assert not visitor.is_signed_in()


@pytest.mark.django_db(transaction=True)
def test_two_first_sign_ins_at_once_make_one_account(transactional_db: None, workos_hub: AuthKit) -> None:
    visitors = [Visitor() for _ in range(2)]
    ways_back = [workos_hub.approve(visitor.begin()) for visitor in visitors]
    barrier = threading.Barrier(2)
    found: list[int] = []

    def come_back(visitor: Visitor, way: str) -> None:
        from django.db import connection

        barrier.wait(10)
        found.append(visitor.get(way).status_code)
        connection.close()

    threads = [
        threading.Thread(target=come_back, args=pair) for pair in zip(visitors, ways_back, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [302, 302]
    assert User.objects.count() == 1
