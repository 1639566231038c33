"""The admin of people: accounts, passwords, staff rights. Who is a super admin is not decided here."""

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

from hub.auth import proof
from hub.authorization import is_super_admin
from hub.models import User
from hub.people.accounts import is_last_local_administrator
from hub.people.forms import (
    LAST,
    RIGHTS,
    GroupForm,
    PersonChangeForm,
    PersonCreationForm,
    PersonPasswordForm,
    ask_for_proof,
)

if TYPE_CHECKING:
    PeopleBase = UserAdmin[User]
else:
    PeopleBase = UserAdmin


FILTERS = {"is_active__exact", "is_staff_member__exact", "groups__id__exact", "groups__isnull"}
"""What links of the list's filters say in the URL."""


class PeopleAdmin(PeopleBase):
    """Accounts of a hub.

    ``is_superuser`` is no field: the setting ``super_admin_emails`` decides at every request, so a tick
    here could only contradict it. Accounts of super admins, and everybody's rights, are for super admins;
    staff reach only accounts that may do no more than they.
    """

    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = PersonPasswordForm
    actions = None  # accounts are deactivated one by one; deleting many at once helps nobody
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
        """Tell whether the configuration in force makes this person a super admin."""
        return person.is_superuser

    @admin.display(description="Super admin")
    def super_admin_explained(self, person: User) -> str:
        """Say whether this person is a super admin, and where that is decided."""
        url = reverse("admin:config_app_systemconfig_changelist") + "#setting-super_admin_emails"
        says = "Yes" if person.is_superuser else "No"
        return format_html('{}. Decided by the setting <a href="{}">Super Admins</a>, not here.', says, url)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Take from the URL what the page offers to filter by; Django's takes regular expressions too."""
        return lookup in FILTERS

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let nobody set the password of an account that may do more, as every super admin's does."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let nobody delete an account that may do more."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Let only super admins hand out rights, or staff could give themselves any."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_super(request) else (*fields, *RIGHTS)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Tell the form, a class made for this request, who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.editor = request.user  # type: ignore[attr-defined]  # both forms have it
        form.is_proved = proof.is_recent(request.session)  # type: ignore[attr-defined]
        return form

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set no password, which could be the way back in, for whoever signed in too long ago (W7)."""
        return _wanting_proof(request) or super().user_change_password(request, id, form_url)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete an account, but without proof none, and never the last one that can administer."""
        person = self.get_object(request, unquote(object_id))
        may_delete = person is not None and self.has_delete_permission(request, person)
        if person is not None and may_delete and is_last_local_administrator(person):
            messages.error(request, LAST)
            return HttpResponseRedirect(reverse("admin:hub_user_change", args=[person.pk]))
        return _wanting_proof(request) or super().delete_view(request, object_id, extra_context)


class GroupsAdmin(GroupAdmin):
    """Groups, which give rights to their members: like all rights they are for super admins to give."""

    form = GroupForm
    actions = None  # as with people: one by one

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Take nothing from the URL, where nothing is offered to filter by."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let super admins make groups."""
        return super().has_add_permission(request) and _is_super(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Let super admins decide what the members may do; others who may, look."""
        return super().has_change_permission(request, obj) and _is_super(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Let super admins take a group away."""
        return super().has_delete_permission(request, obj) and _is_super(request)

    def get_form(
        self, request: HttpRequest, obj: Group | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Tell the form, a class made for this request, whether it was proved who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.is_proved = proof.is_recent(request.session)  # type: ignore[attr-defined]  # GroupForm has it
        return form

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete a group, with which its members lose their rights, but not without proof (W7)."""
        return _wanting_proof(request) or super().delete_view(request, object_id, extra_context)


def _wanting_proof(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a form of whoever signed in too long ago, or ``None`` where it may be taken."""
    if request.method != "POST" or proof.is_recent(request.session):
        return None
    messages.error(request, ask_for_proof())
    return HttpResponseRedirect(request.get_full_path())


def _is_super(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, person: User | None) -> bool:
    if person is None or _is_super(request):
        return True
    return not is_super_admin(person.email) and _rights_of(person) <= request.user.get_all_permissions()


def _rights_of(person: User) -> set[str]:
    """Return somebody's permissions, of an account that is not active too: it can be activated."""
    held = Permission.objects.filter(Q(user=person) | Q(group__user=person)).order_by()
    return {f"{app}.{name}" for app, name in held.values_list("content_type__app_label", "codename")}
