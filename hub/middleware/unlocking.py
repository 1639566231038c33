"""The middleware that asks for the recovery code before anything else while the secrets are locked (K2)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import sync_only_middleware

from config_app.encryption import install_keyring
from config_app.middleware import GetResponse
from setup_wizard.pages.refusals import wants_json

PATH = "/unlock/"
LATER = "hub_unlock_later"
"""The cookie of a browser whose person wants to use the hub without its secrets."""


@sync_only_middleware
def unlock_first(get_response: GetResponse) -> GetResponse:
    """Redirect the pages of a locked hub to the page that unlocks it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return redirect(PATH) if _comes_before(request) else get_response(request)

    return middleware


def _comes_before(request: HttpRequest) -> bool:
    place = request.path_info.lstrip("/").partition("/")[0]
    if request.method != "GET" or place in {"unlock", "health", "static"} or wants_json(request):
        return False
    return LATER not in request.COOKIES and install_keyring.seems_locked()
