"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from hub.auth import browsers, session_origin
from hub.auth.forms import LocalSignInForm, OwnPasswordForm, ProofForm
from hub.runtime_config import WORKOS, get_config
from hub.workos import sign_in


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """Signs in with e-mail address and password; ``next`` leads back, on this hub only."""

    authentication_form = LocalSignInForm
    template_name = "auth/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Leave it to WorkOS in its mode: then no password of the hub's own opens anything."""
        if get_config().app_mode == WORKOS:
            return sign_in.start(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, in a browser that is known from now on; sessions that nobody uses any more go."""
        response = super().form_valid(form)
        self.request.session.clear_expired()
        browsers.remember(response, form.get_user().get_username())
        return response


@method_decorator(login_not_required, name="dispatch")
class SignOutView(LogoutView):
    """Ends the session; only by POST, so that no link or image can."""

    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead whoever types the address to where the button is."""
        return redirect("dashboard")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session here, and then at WorkOS where it began there."""
        elsewhere = sign_in.sign_out_url(request)
        response = super().post(request, *args, **kwargs)
        return redirect(elsewhere) if elsewhere else response


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ProofView(View):
    """Where somebody who is signed in proves that it is them, for a page that waits in another tab.

    A fresh sign-in at WorkOS leads here too.
    """

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the password, or lead to WorkOS; say so where neither is needed any more."""
        return self._show(request, ProofForm(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the password as proof."""
        form = ProofForm(request, request.POST)
        return redirect("proof") if form.is_valid() else self._show(request, form)

    def _show(self, request: HttpRequest, form: ProofForm) -> HttpResponse:
        workos_url = sign_in.proof_url() if session_origin.is_at_workos(request) else ""
        context = {"form": form, "is_proved": form.is_needless, "workos_url": workos_url}
        return render(request, "auth/proof.html", context)


class OwnPasswordView(PasswordChangeView):
    """Changes the password of whoever is signed in."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Tell the form which request a guess comes with."""
        return {**super().get_form_kwargs(), "request": self.request}


@method_decorator(login_not_required, name="dispatch")
class SignedOutView(TemplateView):
    """Says that the session has ended; a page of its own, as WorkOS would sign in again at once."""

    template_name = "auth/logged_out.html"
