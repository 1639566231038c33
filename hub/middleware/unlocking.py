"""The middleware that redirects to the page for the recovery code while the secrets are locked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import sync_only_middleware

from config_app.encryption import install_keyring
from config_app.middleware import GetResponse
from setup_wizard.pages.refusals import wants_json

PATH = "/unlock/"
LATER = "hub_unlock_later"
"""The name of a cookie. A browser with this cookie can use the hub while the secrets are locked."""


@sync_only_middleware
def unlock_first(get_response: GetResponse) -> GetResponse:
    """While the secrets are locked, redirect requests for pages to the page for the recovery code."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return redirect(PATH) if _comes_before(request) else get_response(request)

    return middleware


def _comes_before(request: HttpRequest) -> bool:
    place = request.path_info.lstrip("/").partition("/")[0]
    if request.method != "GET" or place in {"unlock", "health", "static"} or wants_json(request):
        return False
    return LATER not in request.COOKIES and install_keyring.seems_locked()
