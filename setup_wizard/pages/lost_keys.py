"""The page that drops the secrets if no key unlocks the keyring, so that the setup can go on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config_app.change.abandonment import abandoned_keys
from config_app.encryption import install_keyring
from setup_wizard.claiming import restoration
from setup_wizard.claiming.restore_forms import AbandonForm
from setup_wizard.pages import access
from setup_wizard.pages.views import SetupView


class KeysView(SetupView):
    """The page for a keyring that no key unlocks. If a key unlocks the keyring, redirect to the wizard."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for confirmation, and name the secrets that would be lost."""
        return self._page(request, AbandonForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Drop the secrets, make a new keyring, and say what was lost."""
        form = AbandonForm(request.POST)
        if not form.is_valid() or not install_keyring.is_locked_now():
            return self._page(request, form)
        holder = access.holder(request)
        done = restoration.abandon_keyring(holder=holder)
        access.unlock(request, holder)  # the key that signed the session is lost too
        # No redirect: another process, which may answer the next request, needs a moment for the new keyring.
        return render(request, "setup_wizard/keys.html", {"form": form, "lost": done.lost, "is_done": True})

    def _page(self, request: HttpRequest, form: AbandonForm) -> HttpResponse:
        if not install_keyring.is_locked_now():
            return redirect("setup:token")
        context = {"form": form, "lost": abandoned_keys()}
        return render(request, "setup_wizard/keys.html", context)
