"""The middleware that renames the hub's cookies, and the middleware that keeps the session cookie.

A browser sends a cookie to every port of a host. So if two hubs on one host used the same name, each hub
would replace the other hub's cookies, and so sign people out of the other hub.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, parse_cookie
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse
from hub.auth import browsers, other_sessions, waiting
from hub.middleware import unlocking
from hub.runtime_config import get_config

PREFIX = "__Host-"


@sync_only_middleware
def host_cookies(get_response: GetResponse) -> GetResponse:
    """Rename the hub's cookies: ``NAME`` in the code is ``NAME-ID`` in the browser. ``ID`` is ``install_id``.

    Under https, the name is ``__Host-NAME-ID``, and the cookie is Secure (RFC 6265bis, 4.1.3.2).
    """

    # Only this host can set cookies with the prefix, and browsers send them over https only.
    def middleware(request: HttpRequest) -> HttpResponseBase:
        prefix = PREFIX if request.is_secure() else ""
        spellings = {name: _spellings(name, prefix) for name in _names()}
        sessions = _session_keys(request.COOKIES)
        _read(request, spellings)
        own = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        other_sessions.note(request, [key for key in sessions if key != own])
        response = get_response(request)
        _write(response, {name: found[0] for name, found in spellings.items()}, secure=bool(prefix))
        return response

    return middleware


def _names() -> tuple[str, ...]:
    sessions = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME
    return (*sessions, browsers.COOKIE, waiting.COOKIE, unlocking.LATER)


def _spellings(name: str, prefix: str) -> tuple[str, ...]:
    """Return the names that the cookie can have in the browser. New cookies get the first name.

    The last name is the one that the cookie had before the install had an id. The hub reads this name, so
    that people stay signed in. The hub never sets or deletes it, because it can be the cookie of another hub.
    """
    own = get_config().install_id
    former = f"{prefix}{name}"
    return (f"{former}-{own}", former) if own else (former,)


def session_keys(header: str) -> list[str]:
    """Return the session keys in a Cookie header. A key may belong to no session."""
    return _session_keys(parse_cookie(header))


def _session_keys(cookies: Mapping[str, str]) -> list[str]:
    name = settings.SESSION_COOKIE_NAME
    names = [*_spellings(name, PREFIX), *_spellings(name, "")]
    return [cookies[spelling] for spelling in names if spelling in cookies]


def has_cookie_of_other_scheme(request: HttpRequest) -> bool:
    """Return whether the browser sent a cookie whose name belongs to the other scheme, http or https."""
    prefix = "" if request.is_secure() else PREFIX
    cookies = parse_cookie(request.META.get("HTTP_COOKIE", ""))
    names = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME
    return any(spelling in cookies for name in names for spelling in _spellings(name, prefix))


def _read(request: HttpRequest, spellings: dict[str, tuple[str, ...]]) -> None:
    """Rename each cookie to the name in the code. Drop the hub's cookies that lack the prefix."""
    for name, names in spellings.items():
        found = [request.COOKIES.pop(spelling) for spelling in names if spelling in request.COOKIES]
        request.COOKIES.pop(name, None)
        if found:
            request.COOKIES[name] = found[0]


def _write(response: HttpResponseBase, names: dict[str, str], *, secure: bool) -> None:
    for name, sent in names.items():
        if name in response.cookies:
            morsel = response.cookies.pop(name)
            morsel.set(sent, morsel.value, morsel.coded_value)
            if secure:
                morsel["secure"], morsel["path"], morsel["domain"] = True, "/", ""
            response.cookies[sent] = morsel


@sync_only_middleware
def keep_session_cookie(get_response: GetResponse) -> GetResponse:
    """Do not let Django delete the cookie only because the request names a session that does not exist.

    A proof of identity gives the session a new key. A request that the browser sent a moment earlier still
    has the old key. If the answer to this request deleted the cookie, the new key would be lost.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # ``flush``, which ends a session, counts as a modification.
        if settings.SESSION_COOKIE_NAME in response.cookies and not request.session.modified:
            del response.cookies[settings.SESSION_COOKIE_NAME]
        return response

    return middleware
