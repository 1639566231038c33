"""HTTP requests to WorkOS, with limits on time and size.

The transport follows no redirects and reads no proxy settings from the environment.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import httpx2
from workos import HTTPResponse, TransportConnectError, TransportError, TransportTimeout

from hub.postgresql.release import release_idle

# At level INFO, httpx2 logs every URL with its query string.
logging.getLogger("httpx2").setLevel(logging.WARNING)

TIMEOUT = 5.0
"""The time limit of one request in seconds, from the name lookup to the last byte of the answer."""
LARGEST = 2**20
"""The size in bytes of the largest answer that is accepted."""
CONNECTED = "connection.connect_tcp.complete"


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates. Load them only once, because this takes longer than a request."""
    return httpx2.create_ssl_context(trust_env=False)


class BoundedTransport:
    """The transport that the SDK uses. It implements ``workos.HTTPBackend``."""

    def __init__(self, budget: float | None = None) -> None:
        """Create a transport.

        ``budget`` is the time limit for all requests together, in seconds from the first request. With
        ``None``, there is no such limit.
        """
        # Keep no connection open. Calls are rare, and a connection that WorkOS has closed meanwhile could
        # make a request fail after its one-time code was sent.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(
            verify=_certificates(), trust_env=False, timeout=TIMEOUT, follow_redirects=False, limits=limits
        )
        self._budget, self._ends = budget, float("inf")

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float = TIMEOUT,
    ) -> HTTPResponse:
        """Send one request and return the answer.

        Raise ``TransportConnectError`` if nothing was sent. Raise another ``TransportError`` if no usable
        answer arrived in time. ``timeout`` is in seconds, at most ``TIMEOUT``.
        """
        if self._budget is not None:
            self._ends, self._budget = time.monotonic() + self._budget, None
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TransportConnectError("the time limit for all requests together is used up")
        release_idle()
        call = _Call(self._http, method, url, headers=headers, content=content)
        return call.answer_within(min(timeout, TIMEOUT, left))

    def close(self) -> None:
        """Close the HTTP client."""
        self._http.close()


class _Call:
    """One request. A separate thread sends the request and receives the answer.

    At the deadline, the caller stops waiting and shuts down the connection of this thread.
    """

    # httpx2 applies its timeouts to each step of a request and to each chunk of the answer, but not to the
    # name lookup. So these timeouts cannot limit the whole request.

    def __init__(self, http: httpx2.Client, method: str, url: str, **parts: Any) -> None:
        self._http, self._method, self._url, self._parts = http, method, url, parts
        self._answer: Future[HTTPResponse] = Future()
        self._socket: socket.socket | None = None
        self._is_cancelled = False
        self._lock = threading.Lock()

    def answer_within(self, seconds: float) -> HTTPResponse:
        """Send the request and return the answer.

        Raise ``TransportError`` if the request fails or takes longer than ``seconds``.
        """
        threading.Thread(target=self._run, name="workos", daemon=True).start()
        try:
            return self._answer.result(seconds)
        except httpx2.ConnectError as error:
            raise TransportConnectError(str(error)) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise self._cancel() from error
        except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError) as error:  # RuntimeError: a closed client
            raise TransportError(str(error)) from error
        finally:
            self._close_socket()

    def _run(self) -> None:
        try:
            self._answer.set_result(self._exchange())
        except BaseException as error:  # noqa: BLE001 - ``answer_within`` raises it in the caller's thread
            self._answer.set_exception(error)

    def _exchange(self) -> HTTPResponse:
        extensions = {"trace": self._watch}
        with self._http.stream(self._method, self._url, extensions=extensions, **self._parts) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise TransportError("WorkOS's answer is larger than 1 MiB")
        if response.is_redirect:
            raise TransportError("WorkOS answered with a redirect, which the hub does not follow")
        return HTTPResponse(
            status_code=response.status_code,
            headers=response.headers,
            content=bytes(body),
            request_method=self._method,
            request_url=self._url,
        )

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Store the new TCP connection, so that ``_cancel`` can shut down the connection.

        If the deadline has already passed, shut down the connection immediately.
        """
        if event != CONNECTED:
            return
        line: socket.socket = info["return_value"].get_extra_info("socket")
        with self._lock:
            if self._is_cancelled:
                _cut(line)
            else:
                self._socket = line.dup()

    def _cancel(self) -> TransportError:
        """Shut down the connection, if there is one. Return the error that the caller must raise."""
        with self._lock:
            self._is_cancelled = True
            if self._socket is None:
                return TransportConnectError("could not connect in time")
            _cut(self._socket)
            return TransportTimeout("no answer arrived in time")

    def _close_socket(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()


def _cut(line: socket.socket) -> None:
    """Shut down a connection, so that a thread that reads from it or writes to it stops waiting."""
    # ``close`` alone would not wake the thread.
    with contextlib.suppress(OSError):  # the other side has closed it already
        line.shutdown(socket.SHUT_RDWR)
