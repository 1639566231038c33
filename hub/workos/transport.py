"""Requests to WorkOS: bounded in time and size, without redirects, proxies or anything of the environment."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import httpx2
from workos import HTTPResponse, TransportConnectError, TransportError, TransportTimeout

if TYPE_CHECKING:
    from collections.abc import Mapping

logging.getLogger("httpx2").setLevel(logging.WARNING)  # not every address that is asked, with its query

TIMEOUT = 5.0
"""Seconds that an answer may take, from the first byte sent to the last one received."""
LARGEST = 2**20
"""Bytes of an answer that are read."""


class BoundedTransport:
    """Sends the SDK's requests; satisfies ``workos.HTTPBackend``."""

    def __init__(self) -> None:
        """Keep no connection open: calls are rare, and one that WorkOS has closed would cost a code."""
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(trust_env=False, timeout=TIMEOUT, follow_redirects=False, limits=limits)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float = TIMEOUT,
    ) -> HTTPResponse:
        """Send one request and return the answer; raise ``TransportError`` where none came in time."""
        deadline = time.monotonic() + min(timeout, TIMEOUT)
        try:
            with self._http.stream(method, url, headers=headers, content=content) as response:
                body = _read(response, deadline)
        except httpx2.TimeoutException as error:
            raise TransportTimeout(str(error)) from error
        except httpx2.ConnectError as error:
            raise TransportConnectError(str(error)) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TransportError(str(error)) from error
        if response.is_redirect:
            raise TransportError("a redirect is no answer")
        return HTTPResponse(
            status_code=response.status_code,
            headers=response.headers,
            content=body,
            request_method=method,
            request_url=url,
        )

    def close(self) -> None:
        """Release what is held."""
        self._http.close()


def _read(response: httpx2.Response, deadline: float) -> bytes:
    """Return the body, of a server that sends drop by drop too: its timeouts are for each drop."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise TransportError("the answer is too large")
        if time.monotonic() > deadline:
            raise TransportTimeout("the answer took too long")
    return bytes(body)
