"""The admin of users: no change locks everybody out, and no user can raise their own rights."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from config_app.api import plan
from config_app.live import runtime
from hub.models import User
from tests.support.browsers.editor import browser, fields_of, staff, text_of

PEOPLE = reverse("admin:hub_user_changelist")
ADD = reverse("admin:hub_user_add")
PASSWORD = "an even longer password"


def page_of(user: User) -> str:
    """Return the address of a user's page in the admin."""
    return reverse("admin:hub_user_change", args=[user.pk])


def change(client: Client, user: User, **fields: Any) -> Any:
    """Change an account with the form of its page; ``None`` removes a tick."""
    form = client.get(page_of(user)).context["adminform"].form
    sent = {**fields_of(form), "groups": [], "user_permissions": [], **fields}
    return client.post(page_of(user), {k: v for k, v in sent.items() if v is not None})


@pytest.fixture
def client(owner: User) -> Client:
    """Give the owner's browser."""
    return browser(owner)


@pytest.fixture
def member(owner: User) -> User:
    """Give a user who is neither staff nor super admin."""
    return User.objects.create_user("member@example.com", PASSWORD, name="Mel Member")


@pytest.fixture
def clerk(owner: User) -> Client:
    """Give the browser of a staff user who may manage accounts but is not a super admin."""
    return browser(staff("view_user", "add_user", "change_user", "delete_user"))


def test_the_list_shows_who_is_active_staff_and_super_admin(client: Client, member: User) -> None:
    page = text_of(client.get(PEOPLE))
    for said in ("member@example.com", "Mel Member", "Super admin", "Last login"):
        assert said in page


@pytest.mark.parametrize("field", ["email", "name", "password", "groups__name"])
def test_nobody_filters_by_a_regular_expression_that_never_ends(client: Client, field: str) -> None:
    assert client.get(PEOPLE, {f"{field}__regex": "(?:a|a){30}$"}).status_code == 400
    assert client.get(reverse("admin:auth_group_changelist"), {"name__regex": "x"}).status_code == 400


def test_the_filters_of_the_list_work(client: Client, member: User) -> None:
    group = Group.objects.create(name="Operators")
    member.groups.add(group)
    for which in ({"groups__id__exact": group.pk}, {"is_staff_member__exact": 0}, {"is_active__exact": 1}):
        assert "member@example.com" in text_of(client.get(PEOPLE, which))
    assert "member@example.com" not in text_of(client.get(PEOPLE, {"groups__isnull": "True"}))


def test_a_person_is_added_with_a_password_under_a_canonical_address(client: Client) -> None:
    fields = {"email": " New@Example.COM ", "name": "N", "usable_password": "true"}
    client.post(ADD, {**fields, "password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)


def test_the_same_address_in_other_capitals_is_refused(client: Client, member: User) -> None:
    fields = {"email": "MEMBER@example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert "already exists" in text_of(client.post(ADD, fields))
    assert User.objects.count() == 2


def test_a_weak_password_is_refused(client: Client) -> None:
    fields = {
        "email": "new@example.com",
        "usable_password": "true",
        "password1": "short",
        "password2": "short",
    }
    assert client.post(ADD, fields).status_code == 200
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_password_can_be_changed(client: Client, member: User) -> None:
    path = reverse("admin:auth_user_password_change", args=[member.pk])
    fields = {"usable_password": "true", "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    client.post(path, {**fields, "set-password": "1"})
    member.refresh_from_db()
    assert member.check_password(PASSWORD + "!")


def test_the_hash_of_a_password_is_on_no_page(client: Client, member: User) -> None:
    assert member.password.split("$")[-1] not in text_of(client.get(page_of(member)))


def test_an_account_is_deactivated_and_given_rights(client: Client, member: User) -> None:
    group = Group.objects.create(name="Operators")
    change(client, member, is_active=None, is_staff_member="on", groups=[str(group.pk)])
    member.refresh_from_db()
    assert (member.is_active, member.is_staff_member, list(member.groups.all())) == (False, True, [group])


def test_who_is_a_super_admin_is_shown_and_no_field(client: Client, owner: User) -> None:
    response = client.get(page_of(owner))
    assert "is_superuser" not in response.context["adminform"].form.fields
    assert "decides this." in text_of(response)
    assert "#setting-super_admin_emails" in text_of(response)


def test_posting_is_superuser_makes_nobody_a_super_admin(client: Client, member: User) -> None:
    change(client, member, is_superuser="on")
    member.refresh_from_db()
    assert not member.is_superuser


def test_the_last_super_admin_cannot_be_deactivated(client: Client, owner: User) -> None:
    page = text_of(change(client, owner, is_active=None))
    assert "the only super admin who can sign in with a password" in page
    owner.refresh_from_db()
    assert owner.is_active


def test_nor_renamed_out_of_the_list(client: Client, owner: User) -> None:
    assert "the only super admin" in text_of(change(client, owner, email="other@example.com"))
    owner.refresh_from_db()
    assert owner.email == "owner@example.com"


def test_nor_deleted(client: Client, owner: User) -> None:
    path = reverse("admin:hub_user_delete", args=[owner.pk])
    page = client.post(path, {"post": "yes"}, follow=True)
    assert "the only super admin" in text_of(page)
    assert User.objects.filter(pk=owner.pk).exists()


def test_nor_left_without_a_password(client: Client, owner: User) -> None:
    path = reverse("admin:auth_user_password_change", args=[owner.pk])
    page = client.post(path, {"usable_password": "false", "unset-password": "1"}, follow=True)
    assert "enter your old password" in text_of(page)
    owner.refresh_from_db()
    assert owner.has_usable_password()


def test_with_a_second_super_admin_the_first_may_go(client: Client, owner: User, member: User) -> None:
    plan({"super_admin_emails": "owner@example.com,member@example.com"}).apply()
    runtime.reload()
    change(client, owner, is_active=None)
    owner.refresh_from_db()
    assert not owner.is_active


def test_a_second_super_admin_without_a_password_does_not_count(
    client: Client, owner: User, member: User
) -> None:
    member.set_unusable_password()
    member.save()
    plan({"super_admin_emails": "owner@example.com,member@example.com"}).apply()
    runtime.reload()
    assert "the only super admin" in text_of(change(client, owner, is_active=None))


def test_many_people_cannot_be_deleted_at_once(client: Client, owner: User, member: User) -> None:
    client.post(
        PEOPLE, {"action": "delete_selected", "_selected_action": [owner.pk, member.pk], "post": "yes"}
    )
    assert User.objects.count() == 2


def test_staff_without_a_permission_are_refused(owner: User) -> None:
    assert browser(staff("view_systemconfig")).get(PEOPLE).status_code == 403


def test_staff_who_may_only_look_change_nothing(owner: User, member: User) -> None:
    viewer = browser(staff("view_user"))
    assert viewer.get(page_of(member)).status_code == 200
    assert viewer.post(page_of(member), {"email": "x@example.com"}).status_code == 403
    assert viewer.get(ADD).status_code == 403


def test_staff_with_the_permission_manage_accounts(clerk: Client, member: User) -> None:
    change(clerk, member, name="Melanie")
    member.refresh_from_db()
    assert member.name == "Melanie"


def test_they_hand_out_no_rights_not_even_to_themselves(clerk: Client, member: User) -> None:
    for user in (member, User.objects.get(email="sam@example.com")):
        before = user.user_permissions.count()
        change(clerk, user, is_staff_member="on", user_permissions=["1", "2"])
        user.refresh_from_db()
        assert user.user_permissions.count() == before
    member.refresh_from_db()
    assert not member.is_staff_member


def test_they_do_not_touch_a_super_admin(clerk: Client, owner: User) -> None:
    password = reverse("admin:auth_user_password_change", args=[owner.pk])
    delete = reverse("admin:hub_user_delete", args=[owner.pk])
    fields = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD, "set-password": "1"}
    assert clerk.post(page_of(owner), {"email": "x@example.com"}).status_code == 403
    assert clerk.post(password, fields).status_code == 403
    assert clerk.post(delete, {"post": "yes"}).status_code in {302, 403}
    assert User.objects.get(pk=owner.pk).password == owner.password


def test_they_cannot_take_or_give_the_address_of_a_super_admin(clerk: Client, member: User) -> None:
    plan({"super_admin_emails": "owner@example.com,vacant@example.com"}).apply()
    runtime.reload()
    assert "Only a super admin may" in text_of(change(clerk, member, email="Vacant@example.com"))
    fields = {"email": "vacant@example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert "Only a super admin may" in text_of(clerk.post(ADD, {**fields, "usable_password": "true"}))
    assert not User.objects.filter(email="vacant@example.com").exists()


def test_they_cannot_sign_in_as_staff_who_may_do_more(clerk: Client, member: User) -> None:
    group = Group.objects.create(name="Operators")
    group.permissions.set(Permission.objects.filter(codename="change_systemconfig"))
    member.groups.add(group)
    password = reverse("admin:auth_user_password_change", args=[member.pk])
    fields = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD, "set-password": "1"}
    for is_active in (True, False):
        User.objects.filter(pk=member.pk).update(is_active=is_active)
        assert clerk.post(password, fields).status_code == 403
        assert clerk.post(page_of(member), {"email": "x@example.com"}).status_code == 403


def test_staff_give_themselves_nothing_through_a_group(owner: User) -> None:
    """In Django's own admin, a user who may change a group can give its members any permission."""
    rights = ("add_group", "change_group", "delete_group", "view_group")
    person, group = staff(*rights), Group.objects.create(name="Operators")
    person.groups.add(group)
    client, everything = browser(person), [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    group_page = reverse("admin:auth_group_change", args=[group.pk])
    assert client.get(group_page).status_code == 200
    for path in (group_page, reverse("admin:auth_group_add")):
        assert client.post(path, {"name": "Operators", "permissions": everything}).status_code == 403
    assert (
        client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code == 403
    )
    assert [(group.name, group.permissions.count()) for group in Group.objects.all()] == [("Operators", 0)]


def test_staff_without_the_right_to_delete_are_not_told_who_the_last_super_admin_is(owner: User) -> None:
    viewer = browser(staff("view_user"))
    page = viewer.post(reverse("admin:hub_user_delete", args=[owner.pk]), {"post": "yes"}, follow=True)
    assert page.status_code == 403
    assert "the only super admin" not in text_of(viewer.get(PEOPLE))
