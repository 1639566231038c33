"""The page that unlocks the hub's secrets with the recovery code, even if no one can sign in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.encryption.recovery_codes import read_code
from config_app.encryption.slot_management import unlock_with
from config_app.encryption.unlockers import RecoveryUnlocker
from config_app.errors import ConfigError
from config_app.live import runtime
from hub.auth import throttle
from hub.middleware.unlocking import LATER

WRONG = "This code does not unlock the secrets of this hub. Compare your entry with your copy."


class UnlockForm(forms.Form):
    """The form that asks for the recovery code."""

    code = forms.CharField(
        label="Recovery code",
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class UnlockView(View):
    """The page that asks for the recovery code. A correct code unlocks the secrets and adds a slot."""

    http_method_names = ["get", "head", "post", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Call the view while the secrets are locked. Otherwise redirect to ``/``."""
        if not install_keyring.seems_locked():
            return redirect("/")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the code."""
        return self._ask(request, UnlockForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Unlock the secrets with the posted code.

        If the code is wrong, show the page with an error. If the posted data contain ``later``, only set a
        cookie. With this cookie, the browser can use the hub for an hour while the secrets are locked.
        """
        if "later" in request.POST:
            response = redirect("/")
            response.set_cookie(LATER, "1", max_age=3600, httponly=True, samesite="Lax")
            return response
        form = UnlockForm(request.POST)
        if form.is_valid() and self._unlock(request, form):
            return redirect("/")
        return self._ask(request, form)

    def _unlock(self, request: HttpRequest, form: UnlockForm) -> bool:
        try:
            unlock_with(RecoveryUnlocker(read_code(Secret(form.cleaned_data["code"]))))
        except ConfigError:
            # A correct code is accepted even from an address that must wait. The log has the details.
            too_many = throttle.count_wrong_code(request)
            form.add_error("code", throttle.too_many(request) if too_many else WRONG)
            return False
        runtime.reload()
        return True

    def _ask(self, request: HttpRequest, form: UnlockForm) -> HttpResponse:
        return render(request, "auth/unlock.html", {"form": form})
