"""The middleware for the hub's cookies: their prefix ``__Host-`` under https, and their end."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, parse_cookie
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse
from hub.auth import browsers, waiting

PREFIX = "__Host-"


@sync_only_middleware
def host_cookies(get_response: GetResponse) -> GetResponse:
    """Under https, rename the hub's cookies to ``__Host-…`` and make them Secure (RFC 6265bis, 4.1.3.2)."""

    # Only this host can set cookies with this prefix, and browsers send them over https only.
    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.is_secure():
            return get_response(request)
        _read_prefixed(request)
        response = get_response(request)
        _write_prefixed(response)
        return response

    return middleware


def _names() -> tuple[str, ...]:
    return settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, browsers.COOKIE, waiting.COOKIE


def session_keys(header: str) -> list[str]:
    """Return the session keys in a Cookie header. A key may belong to no session."""
    cookies = parse_cookie(header)
    name = settings.SESSION_COOKIE_NAME
    return [cookies[name] for name in (PREFIX + name, name) if name in cookies]


def _read_prefixed(request: HttpRequest) -> None:
    """Drop the hub's cookies that lack the prefix. Rename each cookie ``__Host-NAME`` to ``NAME``."""
    for name in _names():
        value = request.COOKIES.pop(PREFIX + name, None)
        request.COOKIES.pop(name, None)
        if value is not None:
            request.COOKIES[name] = value


def _write_prefixed(response: HttpResponseBase) -> None:
    for name in _names():
        if name in response.cookies:
            morsel = response.cookies.pop(name)
            morsel.set(PREFIX + name, morsel.value, morsel.coded_value)
            morsel["secure"], morsel["path"], morsel["domain"] = True, "/", ""
            response.cookies[morsel.key] = morsel


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
