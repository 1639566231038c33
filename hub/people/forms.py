"""The forms behind the admin of people: nobody becomes a super admin through them, and somebody stays one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hub.authorization import is_super_admin
from hub.models import User
from hub.people.accounts import is_last_local_administrator

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    PasswordForm = AdminPasswordChangeForm[User]
    GroupFormBase = forms.ModelForm[Group]
    AnyForm = forms.BaseForm
else:
    CreationForm, ChangeForm, PasswordForm = AdminUserCreationForm, UserChangeForm, AdminPasswordChangeForm
    GroupFormBase, AnyForm = forms.ModelForm, object

RIGHTS = ("is_staff_member", "groups", "user_permissions")
GRANTING = {*RIGHTS, "is_active", "email"}
"""Fields that decide what an account may do, or whose it is."""
RESERVED = "Only a super admin may give an account the address of a super admin."
LAST = (
    "This is the only super admin who can sign in with a password. "
    "Give another one an account with a password first."
)


def ask_for_proof() -> SafeString:
    """Return what is said to whoever signed in too long ago to decide who gets in (W7)."""
    return format_html(
        'To confirm that it is you, <a href="{}" target="_blank">prove it in a new tab</a>, then try again.',
        reverse("proof"),
    )


class _ProofGuard(AnyForm):
    """Takes nothing from whoever signed in too long ago; ``is_proved`` is whether that is not so."""

    is_proved: ClassVar[bool]

    def clean(self) -> dict[str, Any]:
        """Refuse to let anybody in, or to grant anything, without proof."""
        if not self.is_proved:
            self.add_error(None, ask_for_proof())
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        return cleaned


class _EmailGuard:
    """Keeps the addresses of super admins for super admins; ``editor`` is whoever fills in the form."""

    editor: ClassVar[User]
    instance: User
    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        """Return the address as it is stored; refuse one that would make a super admin of the account."""
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if email != self.instance.email and is_super_admin(email) and not self.editor.is_superuser:
            raise forms.ValidationError(RESERVED)
        return email


class PersonCreationForm(_EmailGuard, _ProofGuard, CreationForm):
    """A new account, with which one could come back; its rights come afterwards."""

    class Meta:
        model = User
        fields = ("email", "name")


class PersonChangeForm(_EmailGuard, ChangeForm):
    """An account with its rights."""

    is_proved: ClassVar[bool]

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Refuse to grant anything without proof, and to take a local hub's last administrator away."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.is_proved and GRANTING & set(self.changed_data):
            self.add_error(None, ask_for_proof())
        if not self._stays_administrator(cleaned) and is_last_local_administrator(self.instance):
            self.add_error("is_active" if not cleaned.get("is_active", True) else "email", LAST)
        return cleaned

    def _stays_administrator(self, cleaned: dict[str, Any]) -> bool:
        return cleaned.get("is_active", True) and is_super_admin(cleaned.get("email", self.instance.email))


class GroupForm(_ProofGuard, GroupFormBase):
    """A group with the rights of its members."""

    class Meta:
        model = Group
        fields = ("name", "permissions")


class PersonPasswordForm(PasswordForm):
    """A new password for somebody, or none any more."""

    def clean(self) -> dict[str, Any]:
        """Refuse to take the last administrator's password away."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("set_usable_password", True) and is_last_local_administrator(self.user):
            self.add_error("usable_password", LAST)
        return cleaned
