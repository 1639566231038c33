"""A client of the hub's event stream, and the sign-in that gives the cookie for it."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from types import TracebackType
from typing import Any

from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.waiting import DEADLINE

PATH = "/api/config/events"


def sign_in(hub: HubProcess, email: str = OWNER, password: str = PASSWORD) -> str:
    """Sign in and return the Cookie header of the session."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{hub.url}/auth/login", timeout=DEADLINE).read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None, page
    form = {"username": email, "password": password, "csrfmiddlewaretoken": found.group(1)}
    data = urllib.parse.urlencode(form).encode()
    headers = {"Origin": hub.url, "Referer": f"{hub.url}/auth/login"}
    post = urllib.request.Request(f"{hub.url}/auth/login", data, headers)  # noqa: S310 - our own address
    opener.open(post, timeout=DEADLINE).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


class EventStream:
    """One open stream; the end of the ``with`` block closes the connection, as a closed browser does."""

    def __init__(self, hub: HubProcess, cookie: str, last: str | int | None = None) -> None:
        """Connect."""
        headers = {"Cookie": cookie, "Accept": "text/event-stream"}
        headers |= {} if last is None else {"Last-Event-ID": str(last)}
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=DEADLINE)
        self._connection.request("GET", PATH, headers=headers)
        self._response = self._connection.getresponse()
        self.status, self.headers = self._response.status, self._response.headers

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()
        self._connection.close()

    def json(self) -> Any:
        """Return the body of a response that is not a stream."""
        return json.loads(self._response.read())

    def message(self) -> dict[str, str] | None:
        """Return the fields of the next message, or ``None`` at the end; a comment has the name ``""``."""
        fields: dict[str, str] = {}
        while line := self._response.readline().decode():
            if line == "\n":
                return fields
            name, _, value = line.rstrip("\n").partition(":")
            fields[name] = value.strip()
        return None

    def event(self) -> dict[str, Any] | None:
        """Return the data of the next event and skip heartbeats; return ``None`` at the end."""
        while (message := self.message()) is not None:
            if "data" in message:
                found: dict[str, Any] = json.loads(message["data"])
                assert message["id"] == str(found["revision"])
                return found
        return None
