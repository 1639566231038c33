"""The outermost layer, below which Python has its frames in one piece of memory.

Python keeps the frames of calls in chunks of 16 KiB, and before 3.14.4 gives a chunk back as soon as it is
empty. A loop that runs right at the end of one, such as a template's, makes the kernel map and unmap memory
with every call: https://github.com/python/cpython/issues/142183. A frame too large for an ordinary chunk
gets one that is larger, and what it calls has the rest.
"""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse

IS_CONCERNED = sys.version_info < (3, 14, 4)
SLOTS = 15_500
"""Of a frame, 8 bytes each: half of a chunk of 256 KiB, of which nothing that is not used takes up memory."""


@sync_only_middleware
def one_chunk(get_response: GetResponse) -> GetResponse:
    """Pass a request on, from a frame that is large enough."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    if IS_CONCERNED:
        middleware.__code__ = middleware.__code__.replace(co_stacksize=SLOTS)
    return middleware
