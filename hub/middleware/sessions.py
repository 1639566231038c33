"""The middleware that keeps the session cookie unless a request ends the session."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse


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
