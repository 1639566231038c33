"""Requests every address of the hub, as a person with a certain role, and sends every form with mistakes."""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from django.db import transaction
from django.test import Client

from tests.support.leaks.planted import TYPED
from tests.support.leaks.scanner import Scanner

STREAM = "/api/config/events"
"""The only address whose response does not end. ``tests/hub/api/test_events.py`` reads it."""
QUERY = {"q": "banana", "p": "x", "o": "9", "next": "//evil.example", "since": "x", "state": "banana"}
GUESSES = {
    "password": TYPED["typed password"],
    "token": TYPED["typed token"],
    "code": TYPED["typed code"],
    "passphrase": TYPED["typed passphrase"],
    "workos_api_key": TYPED["typed secret"],
}
"""What a person may send to an address that has no form."""
HEADERS = {"X-Hub-Signature": TYPED["typed token"], "Authorization": f"Bearer {TYPED['typed token']}"}

OWN_COOKIES = {"sessionid", "__Host-sessionid"}
"""The cookie that has the session's key on purpose."""

Send = Callable[[], Any]


class Forms(HTMLParser):
    """Collects the fields of the forms of a page that send data with POST."""

    def __init__(self, page: str) -> None:
        """Read the page."""
        super().__init__()
        self.fields: dict[str, str] = {}
        self.secrets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Remember a field; hidden fields keep their values, others get a mistake or a secret."""
        found = {name: value or "" for name, value in attributes}
        if tag not in {"input", "textarea", "select"} or not found.get("name"):
            return
        name, kind = found["name"], found.get("type", "text")
        if kind == "hidden":
            self.fields[name] = found.get("value", "")
        elif kind == "password" or name in GUESSES:
            self.fields[name] = GUESSES.get(name, TYPED["typed password"])
        elif kind not in {"checkbox", "radio", "submit", "button", "file"}:
            self.fields[name] = "<banana>"


class LogLines(logging.Handler):
    """Gives every log record to a scanner: the line, and what the record carries for other handlers."""

    def __init__(self, scanner: Scanner) -> None:
        """Search the records with ``scanner``."""
        super().__init__(logging.DEBUG)
        self._scanner = scanner

    def emit(self, record: logging.LogRecord) -> None:
        """Search one record."""
        carried = {name: value for name, value in vars(record).items() if name != "request"}
        self._scanner.look(f"log of {record.name}", f"{self.format(record)} {carried!r}")


def visit(
    scanner: Scanner,
    role: str,
    client: Client,
    addresses: Iterable[str],
    *,
    is_thorough: bool = True,
) -> None:
    """Request each address as in ``requests``; undo whatever a request has changed."""
    handler = LogLines(scanner)
    logging.getLogger().addHandler(handler)
    try:
        for address in addresses:
            for method, send in requests(client, address, is_thorough=is_thorough):
                _search(scanner, f"{method} {address} as {role}", undone(client, send))
    finally:
        logging.getLogger().removeHandler(handler)


def requests(client: Client, address: str, *, is_thorough: bool) -> Iterator[tuple[str, Send]]:
    """Yield the requests for one address: the method, and a function that sends the request.

    The requests are a GET and a form; if ``is_thorough`` is true, also a GET with a query and JSON.
    """
    got: list[Any] = []

    def get(query: Any = None) -> Any:
        got.append(client.get(address, query, headers=HEADERS))
        return got[-1]

    if address != STREAM:
        for query in (None, QUERY) if is_thorough else (None,):
            yield "GET", functools.partial(get, query)
        if not got:  # the caller has not sent the requests
            undone(client, get)
    fields = Forms(got[0].content.decode("utf-8", "replace") if got else "").fields
    yield "POST", lambda: client.post(address, fields | GUESSES, headers=HEADERS)
    if is_thorough:
        yield "POST", lambda: client.post(address, GUESSES, content_type="application/json")


def undone(client: Client, send: Send) -> Any:
    """Return the response to a request, and undo what the request has changed in database and browser."""
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        response = send()
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def _search(scanner: Scanner, place: str, response: Any) -> None:
    shown = [f"{name}: {value}" for name, value in response.headers.items()]
    shown += [morsel.OutputString() for morsel in response.cookies.values() if morsel.key not in OWN_COOKIES]
    scanner.look(place, response.content)
    scanner.look(f"headers of {place}", "\n".join(shown))
