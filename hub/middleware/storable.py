"""The middleware that refuses text that PostgreSQL cannot store.

PostgreSQL refuses the NUL character, and half of a surrogate pair cannot be encoded in UTF-8. Without this
middleware, a page that works on SQLite could crash on PostgreSQL because of such text.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse
from hub.responses import errors


@sync_only_middleware
def storable_text(get_response: GetResponse) -> GetResponse:
    """Answer 400 if the path or the query has text that cannot be stored. Ignore cookies with such text.

    Also answer 400 to an upload in another charset than UTF-8. ``hub.middleware.csrf`` calls ``is_storable``
    for the posted fields.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        # A cookie with such text is not from the hub, and the browser would send it again and again.
        for name in [name for name, value in request.COOKIES.items() if not _can_be_stored([name, value])]:
            del request.COOKIES[name]
        if not _can_be_stored([request.path_info]) or not is_storable(request.GET) or _is_foreign(request):
            return errors.bad_request(request)
        return get_response(request)

    return middleware


def _is_foreign(request: HttpRequest) -> bool:
    # Django refuses other forms itself. Browsers name no charset here, and rot13 cannot decode a text.
    is_upload = request.content_type == "multipart/form-data"
    return is_upload and request.encoding not in {None, "utf-8", "UTF-8"}


def is_storable(fields: QueryDict) -> bool:
    """Return whether every name and value of a query or of a posted form can be stored."""
    return all(_can_be_stored([name, *values]) for name, values in fields.lists())


def _can_be_stored(texts: Iterable[str]) -> bool:
    text = "".join(texts)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return "\0" not in text
