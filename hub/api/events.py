"""``GET /api/config/events``: a stream with an event for each new revision."""

from __future__ import annotations

import functools
import re
from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hub.api import streams
from hub.api.access import refusal
from hub.workos.sessions.current import current_user

RETRY_AFTER = 30

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@login_not_required  # ``refusal`` answers with JSON instead of a redirect to the sign-in page
@never_cache
@require_GET
def stream_events(request: HttpRequest) -> HttpResponseBase:
    """Return a stream with an event for each revision: its number, keys, channel and time, but no values."""
    if answer := refusal(request) or _unservable(request):
        return answer
    last = request.headers.get("Last-Event-ID")
    content = streams.stream(functools.partial(_may_listen, request), None if last is None else int(last))
    headers = {"X-Accel-Buffering": "no"}  # nginx would otherwise hold the events back
    return StreamingHttpResponse(content, content_type="text/event-stream", headers=headers)


def _unservable(request: HttpRequest) -> JsonResponse | None:
    """Return ``None`` if the server can serve this request for a stream. Otherwise, return an error response.

    The status is 400 for a bad ``Last-Event-ID``, 501 under WSGI, and 503 if there are too many streams.
    """
    last = request.headers.get("Last-Event-ID")
    if last is not None and not _NUMBER.fullmatch(last):
        return JsonResponse({"error": "last_event_id_not_a_revision"}, status=400)
    if not isinstance(request, ASGIRequest):  # under WSGI, each client would occupy a thread while connected
        return JsonResponse({"error": "needs_asgi"}, status=501)
    if streams.is_full():
        headers = {"Retry-After": str(RETRY_AFTER)}
        return JsonResponse({"error": "too_many_streams"}, status=503, headers=headers)
    return None


def _may_listen(request: HttpRequest) -> bool:
    """Return whether the session of ``request`` is still valid and belongs to a super admin.

    If the database is unreachable, return ``False``.
    """
    fresh = HttpRequest()
    fresh.META = request.META
    fresh.session = import_module(settings.SESSION_ENGINE).SessionStore(request.session.session_key)
    try:
        return bool(current_user(fresh, auth.get_user(fresh)).is_superuser)
    except DatabaseError:
        return False  # the client connects again until the database is back
