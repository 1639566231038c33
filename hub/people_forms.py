"""The forms behind the admin of people: nobody becomes a super admin through them, and somebody stays one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm

from hub.accounts import is_last_local_administrator
from hub.authorization import is_super_admin
from hub.models import User

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    PasswordForm = AdminPasswordChangeForm[User]
else:
    CreationForm, ChangeForm, PasswordForm = AdminUserCreationForm, UserChangeForm, AdminPasswordChangeForm

RESERVED = "Only a super admin may give an account the address of a super admin."
LAST = (
    "This is the only super admin who can sign in with a password. "
    "Give another one an account with a password first."
)


class _EmailGuard:
    """Keeps the addresses of super admins for super admins; ``editor`` is whoever fills in the form."""

    editor: ClassVar[User]
    instance: User
    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        """Return the address as it is stored; refuse one that would make a super admin of the account."""
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if email != self.instance.email and is_super_admin(email) and not self.editor.is_superuser:
            raise forms.ValidationError(
                "Only a super admin may give an account the address of a super admin."
            )
        return email


class PersonCreationForm(_EmailGuard, CreationForm):
    """A new account; its rights come afterwards."""

    class Meta:
        model = User
        fields = ("email", "name")


class PersonChangeForm(_EmailGuard, ChangeForm):
    """An account with its rights."""

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Refuse to take the last administrator of a hub in local mode away."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self._stays_administrator(cleaned) and is_last_local_administrator(self.instance):
            self.add_error("is_active" if not cleaned.get("is_active", True) else "email", LAST)
        return cleaned

    def _stays_administrator(self, cleaned: dict[str, Any]) -> bool:
        return cleaned.get("is_active", True) and is_super_admin(cleaned.get("email", self.instance.email))


class PersonPasswordForm(PasswordForm):
    """A new password for somebody, or none any more."""

    def clean(self) -> dict[str, Any]:
        """Refuse to take the last administrator's password away."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("set_usable_password", True) and is_last_local_administrator(self.user):
            self.add_error("usable_password", LAST)
        return cleaned
