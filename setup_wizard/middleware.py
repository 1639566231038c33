"""The gate: until the install is claimed, nothing but the wizard answers (S5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.middleware import GetResponse
from setup_wizard.claiming.state import is_claimed
from setup_wizard.pages import refusals
from setup_wizard.product import get_product

WIZARD, HEALTH = "setup", "health"


class SetupGateMiddleware:
    """Lets only wizard, static files and health through while unclaimed, and closes the wizard afterwards."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        """Take the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on, or answer it here."""
        place = _first_segment(request.path_info)
        try:
            config = _claimed_config(ask_database=place != HEALTH and not _is_static(request.path_info))
        except ConfigError as error:
            return refusals.unavailable(request, error)
        return self._answer(request, place, config)

    def _answer(self, request: HttpRequest, place: str, config: Any) -> HttpResponseBase:
        if config is None:
            is_open = place in {WIZARD, HEALTH} or _is_static(request.path_info)
            return self.get_response(request) if is_open else _denied(request)
        if place == WIZARD:
            return refusals.closed(request)
        return self.get_response(request)


def _claimed_config(*, ask_database: bool) -> Any:
    """Return the configuration in force in a claimed install, and ``None`` in an unclaimed one.

    Before it says unclaimed, the database is asked: this process may not have heard of the claim yet,
    and a database in trouble is never an unclaimed install (S1).
    """
    config, is_configured = runtime.get_config(), get_product().is_configured
    if ask_database and not is_configured(config) and is_claimed():
        snapshot = runtime.reload()
        config = snapshot.config
        runtime.see(config, snapshot.revision)
    return config if is_configured(config) else None


def _first_segment(path: str) -> str:
    """Return the first segment of a path; of one that could mean another after normalising, nothing.

    The path is the one that the resolver sees too: decoded, whatever headers and methods say.
    """
    root, *segments = path.split("/")
    dubious = "" in segments[:-1] or any(segment.startswith(".") for segment in segments)
    if root or dubious or "\\" in path or not path.isprintable():
        return ""
    return segments[0] if segments else ""


def _is_static(path: str) -> bool:
    prefix = urlsplit(settings.STATIC_URL or "").path
    return prefix not in {"", "/"} and path.startswith(prefix) and _first_segment(path) != ""


def _denied(request: HttpRequest) -> HttpResponse:
    """Send a browser to the wizard, and tell a program where it is."""
    response: HttpResponse
    if refusals.wants_json(request):
        body = {"error": "setup_required", "setup_url": reverse("setup:token")}
        response = JsonResponse(body, status=503)
    else:
        response = HttpResponseRedirect(get_product().entrance(request))
    add_never_cache_headers(response)
    return response
