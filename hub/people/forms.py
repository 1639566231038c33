"""The forms of the admin of people.

With these forms, staff cannot create a super admin, and no one can remove the last administrator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
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
    GroupFormBase = forms.ModelForm[Group]
    AnyForm = forms.BaseForm
else:
    CreationForm, ChangeForm = AdminUserCreationForm, UserChangeForm
    GroupFormBase, AnyForm = forms.ModelForm, object

RIGHTS = ("is_staff_member", "groups", "user_permissions")
GRANTING = {*RIGHTS, "is_active", "email"}
"""The fields that decide what an account may do, or who owns the account."""
RESERVED = "Only a super admin may give an account the address of a super admin."
LAST = (
    "This is the only super admin who can sign in with a password. "
    "First give another super admin an account with a password."
)


def proof_message() -> SafeString:
    """Return a message with a link to the page on which people prove their identity."""
    return format_html(
        'First <a href="{}" target="_blank">confirm in a new tab that it is you</a>, then try again.',
        reverse("proof"),
    )


class _ProofGuard(AnyForm):
    """A form that requires a recent proof of identity. ``is_proved`` says whether the session has a proof."""

    is_proved: ClassVar[bool]

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data. If there is no recent proof, add an error."""
        if not self.is_proved:
            self.add_error(None, proof_message())
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        return cleaned


class _EmailGuard:
    """A form in which only super admins can enter a super admin's address.

    ``editor`` is the person who fills in the form.
    """

    editor: ClassVar[User]
    instance: User
    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        """Return the normalized address. Raise ``ValidationError`` if ``editor`` may not enter it."""
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if email != self.instance.email and is_super_admin(email) and not self.editor.is_superuser:
            raise forms.ValidationError(RESERVED)
        return email


class PersonCreationForm(_EmailGuard, _ProofGuard, CreationForm):
    """The form for a new account. Super admins grant rights afterwards, on the page of the account."""

    # Without a proof, an attacker with a stolen session could create an account and sign in with it later.
    class Meta:
        model = User
        fields = ("email", "name")


class PersonChangeForm(_EmailGuard, ChangeForm):
    """The form for an account and its rights."""

    is_proved: ClassVar[bool]

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data. If rights change and there is no recent proof, add an error.

        Also add an error if a hub in mode ``local`` would lose its last administrator.
        """
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.is_proved and GRANTING & set(self.changed_data):
            self.add_error(None, proof_message())
        if not self._stays_administrator(cleaned) and is_last_local_administrator(self.instance):
            self.add_error("is_active" if not cleaned.get("is_active", True) else "email", LAST)
        return cleaned

    def _stays_administrator(self, cleaned: dict[str, Any]) -> bool:
        return cleaned.get("is_active", True) and is_super_admin(cleaned.get("email", self.instance.email))


class GroupForm(_ProofGuard, GroupFormBase):
    """The form for a group and the rights of its members."""

    class Meta:
        model = Group
        fields = ("name", "permissions")
