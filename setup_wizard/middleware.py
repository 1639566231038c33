"""The setup gate: until the install is claimed, only the wizard answers requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from config_app.errors import ConfigError
from config_app.live import pinning, runtime
from config_app.middleware import GetResponse
from setup_wizard.claiming.state import is_claimed
from setup_wizard.pages import refusals
from setup_wizard.product import get_product

WIZARD, HEALTH = "setup", "health"


class SetupGateMiddleware:
    """Middleware that opens the wizard until the install is claimed, and closes the wizard after the claim.

    Until the claim, only the wizard, the static files, the health checks and the places in
    ``Product.open_places`` answer.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        """Store ``get_response``, which calls the next middleware or the view."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """If the request's path is open now, pass the request on. Otherwise refuse the request."""
        place = _first_segment(request.path_info)
        try:
            config = _claimed_config(ask_database=place != HEALTH and not _is_static(request.path_info))
        except ConfigError as error:
            return refusals.unavailable(request, error)
        return self._answer(request, place, config)

    def _answer(self, request: HttpRequest, place: str, config: Any) -> HttpResponseBase:
        if config is None:
            is_open = place in {WIZARD, HEALTH, *get_product().open_places()} or _is_static(request.path_info)
            return self.get_response(request) if is_open else _denied(request)
        if place == WIZARD:
            return refusals.closed(request)
        return self.get_response(request)


def _claimed_config(*, ask_database: bool) -> Any:
    """Return the configuration if the install is claimed. Otherwise return ``None``.

    If ``ask_database`` is true and this process does not know of a claim, query the database. If the database
    has a problem, raise ``ConfigError``.
    """
    config, is_configured = runtime.get_config(), get_product().is_configured
    # Another process may have made the claim a moment ago. So if this process's memory says "unclaimed", ask
    # the database. An install whose database has a problem never counts as unclaimed (S1).
    if ask_database and not is_configured(config) and is_claimed():
        snapshot = runtime.reload()
        config = snapshot.config
        pinning.see(config, snapshot.revision)
    return config if is_configured(config) else None


def _first_segment(path: str) -> str:
    """Return the first segment of a path.

    Return an empty text if the path is ambiguous, such as ``//x`` or ``/../x``. ``path`` is the decoded path
    that the URL resolver uses too.
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
    """Redirect a browser to the wizard. Answer a client that wants JSON with 503 and the wizard's URL."""
    response: HttpResponse
    if refusals.wants_json(request):
        body = {"error": "setup_required", "setup_url": reverse("setup:token")}
        response = JsonResponse(body, status=503)
    else:
        response = HttpResponseRedirect(get_product().entrance(request))
    add_never_cache_headers(response)
    return response
