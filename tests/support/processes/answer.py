"""One request to a hub, and its answer."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any


class Answer:
    """The response to a request."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Keep status, headers and body."""
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()


def request(url: str, headers: Mapping[str, str]) -> Answer:
    """Request an address without following redirects; write the names of headers with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(url, headers=named)  # noqa: S310 - always our own address
    try:
        with _opener.open(asked, timeout=30) as response:
            return Answer(response.status, dict(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read())


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)
