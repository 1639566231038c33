"""The middleware that serves static files in one piece, without streaming."""

from __future__ import annotations

import io

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise's middleware, with responses that are not streamed."""

    # The files are small. Under ASGI, Django would hand each chunk of a streamed file to a thread.
    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:  # type: ignore[override]
        """Return WhiteNoise's response in one piece, such as the whole file or a 304 without content."""
        found = static_file.get_response(request.method, request.META)
        with found.file or io.BytesIO() as file:
            response = HttpResponse(file.read(), status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
