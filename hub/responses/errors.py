"""Answers to requests that cannot be served; they need no session, user or database."""

from __future__ import annotations

import logging
import sys
from typing import Any

from django import db
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

from config_app.errors import DatabaseUnavailable, KeyringLocked, NewerSchema
from setup_wizard.pages.refusals import wants_json

logger = logging.getLogger("hub")

RETRY_AFTER = 5
"""Seconds after which a client may ask again whether the database is back."""

MISTAKES = (db.IntegrityError, db.DataError, db.ProgrammingError, db.NotSupportedError)
"""What the database says about our own mistakes; everything else it says means that it cannot be used."""

# Anyone may see the page, so what names paths and hosts is in the log and in the terminal only.
_DATABASE = {
    "title": "The database cannot be used at the moment",
    "diagnosis": "The hub goes on by itself as soon as it can be used again. Nothing was saved halfway.",
    "cure": "If this lasts, ask on the server what is wrong:",
}
_NEWER_SCHEMA = {
    "title": "The database is newer than this hub",
    "diagnosis": "A newer version of the hub has changed its tables.",
    "cure": "Install that version or a later one, or restore the backup made before the upgrade.",
}
_KEYRING = {
    "title": "The hub's secrets are locked",
    "diagnosis": "The key that unlocks them is missing or is not the right one. Nothing was saved.",
    "cure": "Ask on the server what is missing:",
}
_OTHER = {
    "diagnosis": "Something in its installation cannot be used.",
    "cure": "Ask on the server what is wrong:",
}
COMMAND = "./manage.py config show"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Answer a request that makes no sense."""
    return _answer(request, 400, "400", "bad_request")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Answer somebody who may not see this."""
    return _answer(request, 403, "403", "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer a form that did not come from a page of this hub, or came too late."""
    return _answer(request, 403, "csrf", "form_expired")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Answer a request for a page that there is not."""
    return _answer(request, 404, "404", "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a request that failed: for a reason of ours, or of the database's."""
    error = sys.exc_info()[1]
    if is_outage(error):
        return unavailable(request, error)
    return _answer(request, 500, "500", "server_error")


def is_outage(error: BaseException | None) -> bool:
    """Tell whether database or keyring cannot be used; otherwise an error is a mistake in the code."""
    if isinstance(error, db.Error):
        return not isinstance(error, MISTAKES)
    return isinstance(error, DatabaseUnavailable | NewerSchema | KeyringLocked)


def unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """Answer 503 with a diagnosis and a cure while there is nothing to serve with (requirement S1)."""
    logger.error("%s: %s", type(error).__name__, " ".join(str(error).split()))
    response = _answer(request, 503, "503", "unavailable", command=COMMAND, **_public(error))
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _public(error: BaseException | None) -> dict[str, str]:
    if isinstance(error, NewerSchema):
        return _NEWER_SCHEMA
    if isinstance(error, KeyringLocked):
        return _KEYRING
    return _DATABASE if isinstance(error, DatabaseUnavailable | db.Error) else _OTHER


def _answer(request: HttpRequest, status: int, page: str, code: str, **context: Any) -> HttpResponse:
    """Return a page, or JSON for programs; never cached, as each may be gone with the next request."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse({"error": code}, status=status)
    else:
        response = HttpResponse(render_to_string(f"errors/{page}.html", context), status=status)
    add_never_cache_headers(response)
    return response
