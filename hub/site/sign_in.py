"""The views with which people sign in and out, prove their identity and change their password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from hub.auth import browsers, session_origin, throttle
from hub.auth.forms import BUSY_CODE, LocalSignInForm, OwnPasswordForm, ProofForm
from hub.runtime_config import WORKOS, get_config
from hub.workos import sign_in


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """The page on which people sign in with their e-mail address and password.

    After the sign-in, the browser goes to the URL in the parameter ``next``.
    """

    authentication_form = LocalSignInForm
    template_name = "auth/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page. In mode ``workos``, start the sign-in at WorkOS instead."""
        # In mode workos, passwords of the hub do not count.
        if get_config().app_mode == WORKOS:
            return sign_in.start(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign the person in, mark the browser as known, and delete expired sessions."""
        response = super().form_valid(form)
        self.request.session.clear_expired()
        browsers.remember(response, form.get_user().get_username())
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Return the page with the errors. The status is 503 if the hub could not check the password."""
        response = super().form_invalid(form)
        return (
            throttle.postpone(self.request, response)
            if form.has_error(NON_FIELD_ERRORS, BUSY_CODE)
            else response
        )


@method_decorator(login_not_required, name="dispatch")
class SignOutView(LogoutView):
    """The view that signs a person out. A GET request does not end the session."""

    # A link or an image could otherwise sign a person out.
    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the dashboard, which has the button to sign out."""
        return redirect("dashboard")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the hub's session. If there is a session at WorkOS, redirect to WorkOS to end that session."""
        elsewhere = sign_in.sign_out_url(request)
        response = super().post(request, *args, **kwargs)
        return redirect(elsewhere) if elsewhere else response


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ProofView(View):
    """The page on which a signed-in person proves their identity.

    A form that requires a proof has a link to this page. If the person proves their identity at WorkOS, the
    browser comes back to this page afterwards.
    """

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return a page that asks for the password, links to WorkOS, or says that no proof is needed."""
        return self._show(request, ProofForm(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """If the password is correct, store the proof and show the page again. Otherwise show the errors."""
        form = ProofForm(request, request.POST)
        return redirect("proof") if form.is_valid() else self._show(request, form)

    def _show(self, request: HttpRequest, form: ProofForm) -> HttpResponse:
        workos_url = sign_in.proof_url() if session_origin.is_at_workos(request) else ""
        context = {"form": form, "is_proved": form.is_needless, "workos_url": workos_url}
        return render(request, "auth/proof.html", context)


class AdminPasswordView(PasswordChangeView):
    """The page of the admin on which staff change their own password."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Return the arguments of the form, including the request."""
        return {**super().get_form_kwargs(), "request": self.request}


class OwnPasswordView(AdminPasswordView):
    """The page on which people change their own password. Admin rights are not required.

    The page answers 404 if the person signed in at WorkOS, or if the account has no password.
    """

    template_name = "auth/password.html"
    success_url = reverse_lazy("own-password", query={"changed": 1})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page. Raise ``Http404`` if the person signed in at WorkOS or has no password."""
        has_password = request.user.is_authenticated and request.user.has_usable_password()
        if session_origin.is_at_workos(request) or not has_password:
            raise Http404("this account has no password")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context of the template. ``is_changed`` says whether the password was just changed."""
        return {**super().get_context_data(**kwargs), "is_changed": "changed" in self.request.GET}


@method_decorator(login_not_required, name="dispatch")
class SignedOutView(TemplateView):
    """The page that says that the session has ended."""

    # Do not redirect to the sign-in page: WorkOS would sign the person in again at once.
    template_name = "auth/logged_out.html"
