"""The middleware that checks on each request whether the session is still valid."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware
from django.utils.functional import SimpleLazyObject

from config_app.middleware import GetResponse
from hub.workos.sessions.current import current_user

if TYPE_CHECKING:
    from hub.models import User


@sync_only_middleware
def sessions_of_this_mode(get_response: GetResponse) -> GetResponse:
    """Set ``request.user`` to the session's user, or to an anonymous user if the session is not valid."""

    # The check is lazy: it runs when the user is first needed.
    def middleware(request: HttpRequest) -> HttpResponseBase:
        find = functools.cache(functools.partial(current_user, request, request.user))
        request.user = cast("User", SimpleLazyObject(find))
        request.auser = sync_to_async(find)
        return get_response(request)

    return middleware
