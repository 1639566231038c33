"""The forms that take a password of somebody who has an account here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from config_app.declaration.secret import Secret
from config_app.errors import NotProved
from hub.auth import proof, throttle


class LocalSignInForm(AuthenticationForm):
    """Django's form with the words of this hub."""

    error_messages = {
        "invalid_login": "No active account has this e-mail address and password. Check both and try again.",
        "inactive": "This account is not active. Ask a super admin to activate it.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the first field what it is."""
        super().__init__(*args, **kwargs)
        field = self.fields["username"]
        field.label = "E-mail address"
        field.widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "maxlength": 254}
        )

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Return why nobody was signed in: the credentials, or too many that were wrong before."""
        if self.request is None or not throttle.holds(self.request):
            return super().get_invalid_login_error()
        return forms.ValidationError(throttle.too_many(), code="throttled")


class ProofForm(forms.Form):
    """Asks for the password of whoever is signed in, unless they have proved recently that it is them."""

    password = forms.CharField(
        label="Your password, to confirm that it is you",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )

    def __init__(self, request: HttpRequest, data: Mapping[str, Any] | None = None) -> None:
        """Ask only where that is needed."""
        super().__init__(data)
        self.request = request
        if proof.is_recent(request.session):
            del self.fields["password"]

    @property
    def is_needless(self) -> bool:
        """Tell whether there is nothing to ask."""
        return not self.fields

    def clean_password(self) -> None:
        """Take the password as proof, and keep nothing of it."""
        _prove(self.request, Secret(self.cleaned_data["password"]))


class OwnPasswordForm(AdminPasswordChangeForm):
    """Django's form for one's own password, whose old one is throttled and proves who it is as anywhere."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the request that an attempt comes with."""
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Refuse a wrong old password, and any for a while after too many."""
        _prove(self.request, Secret(self.cleaned_data["old_password"]))
        return cast("str", self.cleaned_data["old_password"])


def _prove(request: HttpRequest, password: Secret) -> None:
    try:
        proof.prove(request, password)
    except NotProved as error:
        raise forms.ValidationError(error.message) from None
