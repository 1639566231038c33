"""Error responses. These responses need no session, user or database."""

from __future__ import annotations

import sys
from typing import Any

from django import db
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

from config_app.errors import DatabaseUnavailable, KeyringLocked, NewerSchema
from hub.responses import outage_log
from setup_wizard.pages.refusals import wants_json

RETRY_AFTER = 5
"""During an outage, a client may try again after this many seconds."""

MISTAKES = (db.IntegrityError, db.DataError, db.ProgrammingError, db.NotSupportedError)
"""The database errors that come from mistakes in our code. All other database errors mean an outage."""

# Anyone may see these texts. Only the log and the terminal name paths and hosts.
_DATABASE = {
    "title": "The database cannot be used at the moment",
    "diagnosis": "The hub continues automatically when the database is back. No change was saved halfway.",
    "cure": "If the outage lasts, run this command on the server to see what is wrong:",
}
_LOCKED = {
    "title": "The database is locked at the moment",
    "diagnosis": "Another program holds a lock on a table that this page needs. Nothing was saved.",
    "cure": "Try again in a few seconds. If this lasts, run this command on the server to see the program:",
    "command": "./manage.py config doctor",
}
_SLOW = {
    "title": "The database does not answer in time",
    "diagnosis": "A table is locked, or the database server is too busy or stands still. Nothing was saved.",
    "cure": "Try again in a few seconds. If this lasts, run this command on the server to see what is wrong:",
    "command": "./manage.py config doctor",
}
_BUSY = {
    "title": "All connections to the database are in use",
    "diagnosis": "Too many requests need the database at the moment. Nothing was saved.",
    "cure": "Try again in a few seconds. If this lasts, run this command on the server to see what is wrong:",
    "command": "./manage.py config doctor",
}
_BY_CODE = {"53300": _BUSY, "55P03": _LOCKED, "57014": _SLOW}
"""Maps SQLSTATEs, which are PostgreSQL's error codes, to texts."""
_NEWER_SCHEMA = {
    "title": "The database is newer than this hub",
    "diagnosis": "A newer version of the hub has changed the tables.",
    "cure": "Install this newer version, or restore the backup that was made before the upgrade.",
}
_KEYRING = {
    "title": "The hub's secrets are locked",
    "diagnosis": "The key that unlocks the secrets is missing or wrong. Nothing was saved.",
    "cure": "Run this command on the server to see what is missing:",
}
_OTHER = {
    "diagnosis": "A part of the hub's installation cannot be used.",
    "cure": "Run this command on the server to see what is wrong:",
}
COMMAND = "./manage.py config doctor"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Answer 400 to an invalid request."""
    return answer(request, 400, "400", "bad_request")


def unknown_host(request: HttpRequest, host: str, **context: Any) -> HttpResponse:
    """Answer 400 to a request for a host name that does not belong to the hub.

    ``host`` is the host in canonical form, or an empty text if the host is not valid. ``context`` is the rest
    of the context of the template ``errors/host.html``.
    """
    return answer(request, 400, "host", "bad_request", host=host, **context)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Answer 403 to a person who may not see the page."""
    return answer(request, 403, "403", "forbidden")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Answer 404 to a request for a page that does not exist."""
    return answer(request, 404, "404", "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 to a request that failed because of an outage, and 500 to any other failed request."""
    error = sys.exc_info()[1]
    if is_outage(error):
        return unavailable(request, error)
    return answer(request, 500, "500", "server_error")


def is_outage(error: BaseException | None) -> bool:
    """Return whether the error means that the database or the keyring cannot be used.

    Any other error is a mistake in the code.
    """
    if isinstance(error, db.Error):
        return not isinstance(error, MISTAKES)
    return isinstance(error, DatabaseUnavailable | NewerSchema | KeyringLocked)


def unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """Log the error and answer 503 with a diagnosis and a fix."""
    outage_log.note(f"{type(error).__name__}: {' '.join(str(error).split())}")
    response = answer(request, 503, "503", "unavailable", **{"command": COMMAND, **_public(error)})
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _public(error: BaseException | None) -> dict[str, str]:
    if isinstance(error, NewerSchema):
        return _NEWER_SCHEMA
    if isinstance(error, KeyringLocked):
        return _KEYRING
    if isinstance(error, DatabaseUnavailable | db.Error):
        return _BY_CODE.get(_code(error), _DATABASE)
    return _OTHER


def _code(error: BaseException | None) -> str:
    """Return the SQLSTATE of the driver's error that caused ``error``. If there is none, return ``""``."""
    while error is not None:
        if code := getattr(error, "sqlstate", None):
            return str(code)
        error = error.__cause__
    return ""


def answer(request: HttpRequest, status: int, page: str, code: str, **context: Any) -> HttpResponse:
    """Return an error response that caches must not store. Programs get JSON, and browsers get a page."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse({"error": code}, status=status)
    else:
        response = HttpResponse(render_to_string(f"errors/{page}.html", context), status=status)
    add_never_cache_headers(response)
    return response
