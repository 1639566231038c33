"""The forms in which a person with a local account enters their password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from config_app.declaration.secret import Secret
from config_app.errors import NotProved
from hub.auth import hashing, proof, throttle

BUSY = (
    "Too many people are signing in at the moment, so your password was not checked. Wait a minute, then try "
    "again. Then you come before people who have not waited."
)
BUSY_CODE = "busy"


class LocalSignInForm(AuthenticationForm):
    """Django's sign-in form, with the hub's own label and messages."""

    error_messages = {
        "invalid_login": "No active account has this e-mail address and password. Check both and try again.",
        "inactive": "This account is not active. Ask a super admin to activate it.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the form. Change the label of the field ``username``, which contains the e-mail address."""
        super().__init__(*args, **kwargs)
        field = self.fields["username"]
        field.label = "E-mail address"
        field.widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "maxlength": 254}
        )

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Return the reason for a failed sign-in: wrong credentials, or too many failed attempts."""
        if self.request is None or not throttle.holds(self.request):
            return super().get_invalid_login_error()
        return forms.ValidationError(throttle.too_many(self.request), code="throttled")

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data. Raise ``ValidationError`` if the password is wrong or was not checked."""
        try:
            return super().clean()
        except hashing.Busy:
            raise forms.ValidationError(BUSY, code=BUSY_CODE) from None


class ProofForm(forms.Form):
    """A form that asks for the password of the signed-in person, unless the session has a recent proof."""

    password = forms.CharField(
        label="Your password, to confirm that it is you",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )

    def __init__(self, request: HttpRequest, data: Mapping[str, Any] | None = None) -> None:
        """Create the form. If the session has a recent proof, leave out the password field."""
        super().__init__(data)
        self.request = request
        if proof.is_recent(request.session):
            del self.fields["password"]

    @property
    def is_needless(self) -> bool:
        """Return whether the form needs no password, because the session has a recent proof."""
        return not self.fields

    def clean_password(self) -> None:
        """Check the password and store a proof in the session. The form does not keep the password."""
        _prove(self.request, Secret(self.cleaned_data["password"]))


class OwnPasswordForm(AdminPasswordChangeForm):
    """Django's form in which people change their own password. The throttle limits wrong old passwords."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Create the form. Failed attempts are counted for the sender of ``request``."""
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Return the old password.

        Raise ``ValidationError`` if the password is wrong, or if there were too many failed attempts.
        """
        _prove(self.request, Secret(self.cleaned_data["old_password"]))
        return cast("str", self.cleaned_data["old_password"])


def _prove(request: HttpRequest, password: Secret) -> None:
    try:
        proof.prove(request, password)
    except NotProved as error:
        raise forms.ValidationError(error.message) from None
