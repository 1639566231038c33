"""Form fields for web origins and URLs, and functions that parse them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from config_app.declaration.slips import find_slip
from config_app.fields.base import PLAIN_TEXT, SettingField
from config_app.fields.causes import about_origin
from config_app.fields.hosts import in_brackets, is_loopback, parse_host
from config_app.fields.lists import ListField
from config_app.fields.scalars import MAX_PORT

# urllib's urlsplit silently removes tabs and new lines and accepts almost anything as a host.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[0-9a-z.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>[/?].*)?",
    re.ASCII | re.IGNORECASE,
)
# RFC 3986, 3.3 and 3.4, without the characters that would end a directive or a source in a header: ; , and '
_PATH_AND_QUERY = re.compile(r"(?:[A-Za-z0-9._~:/?@!$&()*+=-]|%[0-9A-Fa-f]{2})*")
_DEFAULT_PORT = {"http": 80, "https": 443}


class Url(NamedTuple):
    """The parts of an absolute http or https URL without user, password and fragment."""

    scheme: str
    host: str
    port: int
    rest: str

    @property
    def origin(self) -> str:
        """Return scheme, host and port as in an Origin header: without the default port."""
        port = "" if self.port == _DEFAULT_PORT[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{in_brackets(self.host)}{port}"


def parse_url(text: str) -> Url | None:
    """Return the parts of a URL in canonical form, or ``None`` if ``text`` is not valid."""
    match = _URL.fullmatch(text)
    host = match and parse_host(match["host"])
    if not match or not host:
        return None
    scheme = match["scheme"].lower()
    port = int(match["port"] or _DEFAULT_PORT[scheme])
    return Url(scheme, host, port, match["rest"] or "") if port <= MAX_PORT else None


def parse_origin(text: str) -> str | None:
    """Return the canonical origin, or ``None`` if ``text`` is not valid. One slash at the end is allowed."""
    # Browsers add the slash when a person copies an address.
    url = parse_url(text)
    return url.origin if url and url.rest in ("", "/") else None


class _UrlShaped(SettingField[str]):
    attributes: ClassVar[Mapping[str, str]] = {**PLAIN_TEXT, "inputmode": "url"}
    needs_scheme: ClassVar[bool] = True

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not an origin."""
        return super().hint(text) or about_origin(text, needs_scheme=self.needs_scheme)


class OriginField(_UrlShaped):
    """A field for an http or https origin. By default, the field can stay empty."""

    expected = "an http:// or https:// origin without a path, such as https://www.example.com"

    def __init__(self, *, required: bool = False, empty_value: str | None = "", **options: Any) -> None:
        super().__init__(required=required, empty_value=empty_value, **options)

    def parse(self, text: str) -> str:
        """Return the canonical origin."""
        origin = parse_origin(text)
        if origin is None:
            raise self.refusal()
        return origin


class OriginListField(ListField[str]):
    """A field for a list of origins, or ``*`` alone for every origin."""

    expected = (
        "http:// or https:// origins without a path, such as https://app.example.com, or * alone for all"
    )

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the origins; raise ``refusal()`` if an entry is not valid or ``*`` is not the only entry."""
        words = set(text.replace(",", " ").split())
        if "*" in words and len(words) > 1:
            raise self.refusal("* must be the only entry")
        return super().parse(text)

    def parse_entry(self, text: str) -> str | None:
        """Return a canonical origin or ``*``. Return ``None`` if ``text`` is not valid."""
        return text if text == "*" else parse_origin(text)

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not an origin."""
        return super().hint(text) or about_origin(text)


class UrlField(_UrlShaped):
    """A field for an absolute URL. By default, the field can stay empty.

    The URL is safe in a header such as Content-Security-Policy.
    """

    expected = (
        "an absolute http:// or https:// address without user name, fragment, spaces, quotes, semicolons "
        "or commas, such as https://csp.example.com/report"
    )

    def __init__(self, *, required: bool = False, empty_value: str | None = None, **options: Any) -> None:
        super().__init__(required=required, empty_value=empty_value, **options)

    def parse(self, text: str) -> str:
        """Return the URL with scheme, host and port in canonical form."""
        url = parse_url(text)
        if url is None or not _PATH_AND_QUERY.fullmatch(url.rest):
            raise self.refusal()
        return url.origin + url.rest

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not a URL."""
        if parse_url(text) is not None and "#" not in text and not find_slip(text):
            return "percent-encode the characters that are not allowed in a path or a query"
        return super().hint(text)


class HttpsOriginField(_UrlShaped):
    """A field for an https origin. By default, the field can stay empty.

    A host name without a scheme gets the scheme https. An http origin is accepted only if its host is this
    machine.
    """

    needs_scheme = False
    expected = "an https:// origin or a host name, such as auth.example.com (http:// only for this machine)"

    def __init__(self, *, required: bool = False, empty_value: str | None = None, **options: Any) -> None:
        super().__init__(required=required, empty_value=empty_value, **options)

    def parse(self, text: str) -> str:
        """Return the canonical origin."""
        url = parse_url(text if "://" in text else f"https://{text}")
        if url is None or url.rest not in ("", "/") or (url.scheme == "http" and not is_loopback(url.host)):
            raise self.refusal()
        return url.origin
