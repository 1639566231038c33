"""Requests to WorkOS: bounded in time and size, without redirects, proxies or anything of the environment."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import httpx2
from workos import HTTPResponse, TransportConnectError, TransportError, TransportTimeout

logging.getLogger("httpx2").setLevel(logging.WARNING)  # not every address that is asked, with its query

TIMEOUT = 5.0
"""Seconds that an answer may take, from the name being looked up to the last byte received."""
LARGEST = 2**20
"""Bytes of an answer that are read."""
CONNECTED = "connection.connect_tcp.complete"


class BoundedTransport:
    """Sends the SDK's requests; satisfies ``workos.HTTPBackend``."""

    def __init__(self, budget: float | None = None) -> None:
        """Keep no connection open: calls are rare, and one that WorkOS has closed would cost a code.

        ``budget`` is how many seconds all requests together may take, from the first one on.
        """
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(trust_env=False, timeout=TIMEOUT, follow_redirects=False, limits=limits)
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
        """Send one request and return the answer; raise ``TransportError`` where none came in time.

        It is a ``TransportConnectError`` where nothing was sent.
        """
        if self._budget is not None:
            self._ends, self._budget = time.monotonic() + self._budget, None
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TransportConnectError("the time for all requests together is over")
        call = _Call(self._http, method, url, headers=headers, content=content)
        return call.answer_within(min(timeout, TIMEOUT, left))

    def close(self) -> None:
        """Release what is held."""
        self._http.close()


class _Call:
    """One request, in a thread of its own.

    The timeouts of the client are for each step and each piece of an answer, and looking a name up has
    none. Whoever asked stops waiting at the deadline whatever the thread is doing, and cuts its connection.
    """

    def __init__(self, http: httpx2.Client, method: str, url: str, **parts: Any) -> None:
        self._http, self._method, self._url, self._parts = http, method, url, parts
        self._answer: Future[HTTPResponse] = Future()
        self._line: socket.socket | None = None
        self._is_given_up = False
        self._lock = threading.Lock()

    def answer_within(self, seconds: float) -> HTTPResponse:
        """Return the answer; raise ``TransportError``."""
        threading.Thread(target=self._run, name="workos", daemon=True).start()
        try:
            return self._answer.result(seconds)
        except httpx2.ConnectError as error:
            raise TransportConnectError(str(error)) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise self._give_up() from error
        except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError) as error:  # the last of a closed client
            raise TransportError(str(error)) from error
        finally:
            self._let_go()

    def _run(self) -> None:
        try:
            self._answer.set_result(self._exchange())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            self._answer.set_exception(error)

    def _exchange(self) -> HTTPResponse:
        extensions = {"trace": self._watch}
        with self._http.stream(self._method, self._url, extensions=extensions, **self._parts) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise TransportError("the answer is too large")
        if response.is_redirect:
            raise TransportError("a redirect is no answer")
        return HTTPResponse(
            status_code=response.status_code,
            headers=response.headers,
            content=bytes(body),
            request_method=self._method,
            request_url=self._url,
        )

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep hold of the connection, below TLS; one that comes about too late must send nothing."""
        if event != CONNECTED:
            return
        line: socket.socket = info["return_value"].get_extra_info("socket")
        with self._lock:
            if self._is_given_up:
                _cut(line)
            else:
                self._line = line.dup()

    def _give_up(self) -> TransportError:
        """Cut the connection, where there is one, and return what became of the request."""
        with self._lock:
            self._is_given_up = True
            if self._line is None:
                return TransportConnectError("no connection came about in time")
            _cut(self._line)
            return TransportTimeout("no answer came in time")

    def _let_go(self) -> None:
        with self._lock:
            if self._line is not None:
                self._line.close()


def _cut(line: socket.socket) -> None:
    """End a connection for whoever reads from it or writes to it; closing it alone would wake nobody."""
    with contextlib.suppress(OSError):  # it has ended by itself
        line.shutdown(socket.SHUT_RDWR)
