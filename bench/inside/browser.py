"""A browser without a network. It signs in to the admin and submits forms with one changed value."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

NAME = "bench"


def sign_in() -> Client:
    """Create a superuser and return a test client that is signed in as this user."""
    user_model: Any = get_user_model()
    client = Client()
    client.force_login(user_model.objects.create_superuser(NAME))
    return client


class Page:
    """A page with a form that has a field for the port."""

    def __init__(self, client: Client, path: str) -> None:
        """Store the client and the path of the page."""
        self._client, self._path = client, path
        self._body: bytes | str = ""
        self._type = ""

    def fill_in(self, port: str) -> None:
        """Fetch the current form and enter ``port``."""
        answer = self._client.get(self._path)
        assert answer.status_code == HTTPStatus.OK, answer.status_code
        form = next(form for form in forms(answer.content.decode()) if "port" in form.fields)
        data = form.fields | {"port": port}
        if form.is_multipart:
            self._body, self._type = encode_multipart(BOUNDARY, data), MULTIPART_CONTENT
        else:
            self._body, self._type = urlencode(data), "application/x-www-form-urlencoded"

    def save(self) -> None:
        """Submit the form that ``fill_in`` prepared."""
        answer = self._client.generic("POST", self._path, self._body, self._type)
        assert answer.status_code == HTTPStatus.FOUND, answer.content


@dataclasses.dataclass
class Form:
    """The data that a browser would submit for a form."""

    fields: dict[str, str] = dataclasses.field(default_factory=dict)
    is_multipart: bool = False


def forms(html: str) -> list[Form]:
    """Return the forms of a page.

    The first ``Form`` contains the fields that belong to no HTML form. The list then has a ``Form`` for each
    HTML form of the page.
    """
    reader = _FormReader()
    reader.feed(html)
    return reader.forms


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms = [Form()]
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("name") or ""
        if tag == "form":
            self.forms.append(Form(is_multipart="multipart" in (attributes.get("enctype") or "")))
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea = name
            self.forms[-1].fields[name] = ""
        elif tag == "option" and self._select and "selected" in attributes:
            self.forms[-1].fields[self._select] = attributes.get("value") or ""
        elif tag == "input" and name and _is_sent(attributes):
            self.forms[-1].fields[name] = attributes.get("value") or ("on" if "checked" in attributes else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data


def _is_sent(attributes: dict[str, str | None]) -> bool:
    if attributes.get("type") in {"checkbox", "radio"}:
        return "checked" in attributes
    return attributes.get("type") not in {"submit", "button", "reset", "file"}
