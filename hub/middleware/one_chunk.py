"""The outermost middleware. It makes Python allocate one large memory chunk for the frames of a request.

Python stores the frames of calls in chunks of 16 KiB. Python before 3.14.4 frees a chunk as soon as the chunk
is empty. If a loop, such as a loop in a template, runs at the end of a chunk, each call in the loop maps and
unmaps memory: https://github.com/python/cpython/issues/142183. If a frame is too large for a chunk, Python
allocates a larger chunk. So this middleware runs in a very large frame, and the frames of all nested calls
fit into the same chunk.
"""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from config_app.middleware import GetResponse

IS_CONCERNED = sys.version_info < (3, 14, 4)
SLOTS = 15_500
"""The size of the middleware's frame, in slots of 8 bytes.

For this frame, Python allocates a chunk of 256 KiB. The frame needs about half of the chunk, and the frames
of nested calls use the rest. Unused memory pages cost nothing.
"""


@sync_only_middleware
def one_chunk(get_response: GetResponse) -> GetResponse:
    """Call ``get_response`` from a frame that is so large that Python allocates a chunk of 256 KiB."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    if IS_CONCERNED:
        middleware.__code__ = middleware.__code__.replace(co_stacksize=SLOTS)
    return middleware
