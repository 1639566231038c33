"""The form that signs in with e-mail address and password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm


class LocalSignInForm(AuthenticationForm):
    """Django's form with the words of this hub."""

    error_messages = {
        "invalid_login": "No active account has this e-mail address and password. Check both and try again.",
        "inactive": "This account is not active. Ask a super admin to activate it.",
        "throttled": "Too many failed attempts. Wait %(minutes)d minutes, then try again.",
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
        if not getattr(self.request, "axes_locked_out", False):
            return super().get_invalid_login_error()
        minutes = settings.AXES_COOLOFF_TIME.total_seconds() // 60
        return forms.ValidationError(
            self.error_messages["throttled"], code="throttled", params={"minutes": minutes}
        )
