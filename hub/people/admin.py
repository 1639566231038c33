"""The admin pages for people and groups: accounts, passwords and staff rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from hub.auth import proof, session_origin
from hub.authorization import is_super_admin
from hub.models import User
from hub.people.accounts import is_last_local_administrator
from hub.people.forms import (
    LAST,
    RIGHTS,
    GroupForm,
    PersonChangeForm,
    PersonCreationForm,
    proof_message,
)

if TYPE_CHECKING:
    PeopleBase = UserAdmin[User]
else:
    PeopleBase = UserAdmin


ASK_FOR_OLD = "To change your own password, enter your old password too."
FILTERS = {"is_active__exact", "is_staff_member__exact", "groups__id__exact", "groups__isnull"}
"""The query parameters of the list's filters."""


class PeopleAdmin(PeopleBase):
    """The admin of the accounts.

    Only super admins can change accounts of super admins, and only super admins can grant rights. Staff
    cannot change an account that has more rights than their own.
    """

    # The form has no field ``is_superuser``. The setting ``super_admin_emails`` decides who is a super admin,
    # and a checkbox could only contradict this setting.

    form = PersonChangeForm
    add_form = PersonCreationForm
    actions = None  # accounts are deactivated one by one; there is no use for deleting many at once
    list_display = ("email", "name", "is_active", "is_staff_member", "super_admin", "last_login")
    list_filter = ("is_active", "is_staff_member", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("super_admin_explained", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "super_admin_explained", *RIGHTS)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    @admin.display(boolean=True, description="super admin")
    def super_admin(self, person: User) -> bool:
        """Return whether the configuration makes this person a super admin."""
        return person.is_superuser

    @admin.display(description="Super admin")
    def super_admin_explained(self, person: User) -> str:
        """Return a text that says whether this person is a super admin. The text links to the setting."""
        url = reverse("admin:config_app_systemconfig_changelist") + "#setting-super_admin_emails"
        says = "Yes" if person.is_superuser else "No"
        return format_html('{}. The setting <a href="{}">Super Admins</a> decides this.', says, url)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the list has a filter with the query parameter ``lookup``."""
        # Django would also allow lookups with regular expressions.
        return lookup in FILTERS

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return whether the person may change the account ``obj``. ``None`` means accounts in general."""
        # Otherwise staff could set the password of an account with more rights, such as a super admin's.
        return super().has_change_permission(request, obj) and _may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return whether the person may delete the account ``obj``. ``None`` means accounts in general."""
        # Staff cannot delete an account that has more rights than they have.
        return super().has_delete_permission(request, obj) and _may_change(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Return the fields that the signed-in person cannot change. Only super admins can change rights."""
        # Otherwise staff could give themselves any right.
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_super(request) else (*fields, *RIGHTS)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form class for this request. Set its attributes ``editor`` and ``is_proved``."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.editor = request.user  # type: ignore[attr-defined]  # both forms have this attribute
        form.is_proved = proof.is_recent(request.session)  # type: ignore[attr-defined]
        return form

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set an account's password. Without a recent proof of identity, ask for a proof instead.

        For the person's own password, redirect to the page that asks for the old password.
        """
        # With a stolen session, an attacker could otherwise set a password and come back with it.
        person = self.get_object(request, unquote(id))
        if person is not None and person == request.user and not session_origin.is_at_workos(request):
            messages.info(request, ASK_FOR_OLD)
            return HttpResponseRedirect(reverse("admin:password_change", current_app=self.admin_site.name))
        return _require_proof(request) or super().user_change_password(request, id, form_url)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete an account, but not the last administrator's. Without a recent proof, ask for a proof."""
        person = self.get_object(request, unquote(object_id))
        may_delete = person is not None and self.has_delete_permission(request, person)
        if person is not None and may_delete and is_last_local_administrator(person):
            messages.error(request, LAST)
            return HttpResponseRedirect(reverse("admin:hub_user_change", args=[person.pk]))
        return _require_proof(request) or super().delete_view(request, object_id, extra_context)


class GroupsAdmin(GroupAdmin):
    """The admin of groups. Only super admins can change groups."""

    # Groups grant rights to their members, and only super admins can grant rights.
    form = GroupForm
    actions = None  # groups are deleted one by one

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return ``False``, because the list of groups has no filters."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may add groups. Only super admins may add groups."""
        return super().has_add_permission(request) and _is_super(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return whether the person may change groups. Only super admins may change groups."""
        return super().has_change_permission(request, obj) and _is_super(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Return whether the person may delete groups. Only super admins may delete groups."""
        return super().has_delete_permission(request, obj) and _is_super(request)

    def get_form(
        self, request: HttpRequest, obj: Group | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form class for this request. Set its attribute ``is_proved``."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.is_proved = proof.is_recent(request.session)  # type: ignore[attr-defined]  # of GroupForm
        return form

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete a group. Without a recent proof of identity, ask for a proof instead."""
        return _require_proof(request) or super().delete_view(request, object_id, extra_context)


def _require_proof(request: HttpRequest) -> HttpResponse | None:
    """If a form was posted without a recent proof, return a redirect that asks for a proof.

    In all other cases, return ``None``.
    """
    if request.method != "POST" or proof.is_recent(request.session):
        return None
    messages.error(request, proof_message())
    return HttpResponseRedirect(request.get_full_path())


def _is_super(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_change(request: HttpRequest, person: User | None) -> bool:
    if person is None or _is_super(request):
        return True
    return not is_super_admin(person.email) and _rights_of(person) <= request.user.get_all_permissions()


def _rights_of(person: User) -> set[str]:
    """Return the account's own permissions and the permissions of its groups, as ``app.codename``."""
    # The permissions of an inactive account count too, because it can be activated.
    held = Permission.objects.filter(Q(user=person) | Q(group__user=person)).order_by()
    return {f"{app}.{name}" for app, name in held.values_list("content_type__app_label", "codename")}
