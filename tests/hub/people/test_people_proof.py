"""In the admin of users, too, a change that gives rights requires a recent sign-in or the password (W7)."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter

from hub.auth import proof
from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.editor import browser, fields_of, text_of
from tests.support.browsers.old_sign_ins import prove_ago
from tests.support.workos.authkit import AuthKit
from tests.support.workos.fixtures import Visitor

PROOF = "/auth/proof"
ASKED = f'href="{PROOF}" target="_blank"'
NEW = "an even longer password"


@pytest.fixture
def stale(owner: User) -> Client:
    """Give a browser in which the owner signed in an hour ago."""
    client = browser(owner)
    prove_ago(client, dt.timedelta(hours=1))
    return client


def set_password(client: Client, person: User) -> Any:
    path = reverse("admin:auth_user_password_change", args=[person.pk])
    fields = {"usable_password": "true", "password1": NEW, "password2": NEW, "set-password": "1"}
    return client.post(path, fields, follow=True)


def change(client: Client, person: User, **fields: Any) -> Any:
    path = reverse("admin:hub_user_change", args=[person.pk])
    sent = fields_of(client.get(path).context["adminform"].form)
    several: dict[str, list[str]] = {"groups": [], "user_permissions": []}
    return client.post(path, {**sent, **several, **fields})


@pytest.fixture
def member(owner: User) -> User:
    """Give an account without rights."""
    return User.objects.create_user("member@example.com", PASSWORD)


def test_nobody_sets_a_password_without_proof(stale: Client, member: User) -> None:
    assert ASKED in text_of(set_password(stale, member))
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_people_replace_their_own_password_only_with_the_old_one(owner: User) -> None:
    """The page of the own account under People never asks for the old password, even after a fresh proof."""
    client = browser(owner)
    page = set_password(client, owner)
    assert "enter your old password" in text_of(page)
    assert 'name="old_password"' in text_of(page)
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    new = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post(page.redirect_chain[-1][0], new).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(NEW)


def test_a_super_admin_of_workos_sets_their_own_first_password(workos_hub: AuthKit, visitor: Visitor) -> None:
    """It is the way in while WorkOS is down, and there may be no old password."""
    visitor.sign_in(workos_hub)
    owner = User.objects.get()
    path = reverse("admin:auth_user_password_change", args=[owner.pk])
    fields = {"usable_password": "true", "password1": NEW, "password2": NEW, "set-password": "1"}
    visitor.post(path, fields)
    owner.refresh_from_db()
    assert owner.check_password(NEW)


def test_no_account_is_made_without_proof_and_what_was_typed_is_kept(stale: Client) -> None:
    fields = {"email": "new@example.com", "usable_password": "true", "password1": NEW, "password2": NEW}
    page = text_of(stale.post(reverse("admin:hub_user_add"), fields))
    assert ASKED in page
    assert 'value="new@example.com"' in page
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("fields", [{"is_staff_member": "on"}, {"email": "owner2@example.com"}])
def test_no_account_gains_anything_without_proof(stale: Client, fields: dict[str, str], member: User) -> None:
    assert ASKED in text_of(change(stale, member, **fields))
    member.refresh_from_db()
    assert (member.email, member.is_staff_member) == ("member@example.com", False)


def test_no_group_gains_anything_without_proof(stale: Client) -> None:
    group = Group.objects.create(name="Operators")
    fields = {"name": "Operators", "permissions": [str(Permission.objects.get(codename="change_group").pk)]}
    for path in (reverse("admin:auth_group_change", args=[group.pk]), reverse("admin:auth_group_add")):
        assert ASKED in text_of(stale.post(path, {**fields, "name": "Others"}))
    assert [(group.name, group.permissions.count()) for group in Group.objects.all()] == [("Operators", 0)]
    stale.post(PROOF, {"password": PASSWORD})
    assert stale.post(reverse("admin:auth_group_change", args=[group.pk]), fields).status_code == 302
    assert group.permissions.count() == 1


@pytest.mark.parametrize("kind", ["auth_group", "hub_user"])
def test_nothing_is_deleted_without_proof(stale: Client, kind: str) -> None:
    group = Group.objects.create(name="Operators")
    User.objects.create_user("member@example.com", PASSWORD).groups.add(group)
    model = Group if kind == "auth_group" else User
    thing = model.objects.latest("pk")
    path = reverse(f"admin:{kind}_delete", args=[thing.pk])
    assert ASKED in text_of(stale.post(path, {"post": "yes"}, follow=True))
    assert model.objects.filter(pk=thing.pk).exists()
    stale.post(PROOF, {"password": PASSWORD})
    assert stale.post(path, {"post": "yes"}).status_code == 302
    assert not model.objects.filter(pk=thing.pk).exists()


def test_groups_are_not_deleted_many_at_once(stale: Client) -> None:
    group = Group.objects.create(name="Operators")
    sent = {"action": "delete_selected", "_selected_action": str(group.pk), "post": "yes"}
    stale.post(reverse("admin:auth_group_changelist"), sent)
    assert Group.objects.exists()


def test_a_name_is_changed_as_ever(stale: Client, member: User) -> None:
    assert change(stale, member, name="Mel").status_code == 302


def test_a_wrong_password_is_no_proof(stale: Client, member: User) -> None:
    assert "Enter your password." in text_of(stale.post(PROOF))
    assert "This is not your password." in text_of(stale.post(PROOF, {"password": "wrong"}))
    assert ASKED in text_of(set_password(stale, member))


@pytest.mark.parametrize(
    ("path", "field"), [(PROOF, "password"), ("/admin/password_change/", "old_password")]
)
def test_no_crash_report_has_the_password(
    stale: Client, monkeypatch: pytest.MonkeyPatch, path: str, field: str
) -> None:
    """A crash report contains the local variables of every frame (requirement K5)."""
    reports: list[str] = []

    def report(request: HttpRequest, **_kwargs: Any) -> None:
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_html())

    def fail(*_args: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(proof, "note", fail)
    stale.raise_request_exception = False
    got_request_exception.connect(report)
    try:
        stale.post(path, {field: PASSWORD, "new_password1": NEW, "new_password2": NEW})
    finally:
        got_request_exception.disconnect(report)
    assert ["the disk is full" in text for text in reports] == [True]
    assert PASSWORD not in reports[0]


def test_with_the_proof_it_goes_through(stale: Client, member: User) -> None:
    page = stale.post(PROOF, {"password": PASSWORD}, follow=True)
    assert "Identity confirmed" in text_of(page)
    set_password(stale, member)
    member.refresh_from_db()
    assert member.check_password(NEW)


def test_in_mode_workos_the_proof_is_a_fresh_sign_in(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.signed_in_ago = 3600
    visitor.sign_in(workos_hub)
    page = text_of(visitor.get(PROOF))
    assert 'href="/auth/login?fresh=1&next=%2Fauth%2Fproof"' in page
    assert "<form" not in page


def test_the_proof_is_for_people_who_are_signed_in(owner: User) -> None:
    assert Client(SERVER_NAME="localhost").get(PROOF).headers["Location"].startswith("/auth/login")
