"""What is said to whoever changed where the site is found: the next page may be out of reach from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config_app.fields.hosts import parse_address
from config_app.project import get_project


@dataclasses.dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another way in than that of the request: its origin, empty where not known, and the page there.

    It ``is_followed`` by the browser itself where that cannot lead astray: the address of a name it did not
    use may be another machine's, seen from where it is.
    """

    origin: str
    path: str
    is_followed: bool = False

    @property
    def url(self) -> str:
        """Return the whole address, or nothing."""
        return f"{self.origin}{self.path}" if self.origin else ""

    def as_html(self, sentence: str) -> SafeString:
        """Return a sentence with the link in it; nothing where there is none."""
        if not self.origin:
            return SafeString()
        return format_html(sentence, format_html('<a href="{}">{}</a>', self.url, self.origin))


def elsewhere(request: HttpRequest, config: Any, keys: Collection[str], path: str) -> Elsewhere | None:
    """Return where to come in under ``config``; ``None`` where the request itself came in that way."""
    project = get_project()
    if project.arrived_under(request, config, keys):
        return None
    origin = project.address_under(request, config)
    return Elsewhere(origin, path, is_followed=bool(origin) and _leads_on(request, origin))


def _leads_on(request: HttpRequest, origin: str) -> bool:
    """Tell whether the browser reaches the same host there, or is on this machine and came by number."""
    host = split_domain_port(request.get_host())[0].strip("[]")
    address = parse_address(host)
    return urlsplit(origin).hostname == host or (address is not None and address.is_loopback)


def show_elsewhere(
    request: HttpRequest, link: Elsewhere, context: dict[str, Any], *, warning: str = ""
) -> HttpResponse:
    """Answer with a page of its own instead of a redirect, which the browser could not follow.

    Messages wait for the page at ``link`` where the browser has them there too; ``warning`` is what they say
    that cannot wait.
    """
    page = context | {"elsewhere": link}
    if _has_same_cookies(request, link.origin):
        page |= {"messages": (), "warning": warning}
    response = TemplateResponse(request, "config_app/elsewhere.html", page)
    if link.is_followed:
        get_project().let_connect(response, link.origin)
    return response


def _has_same_cookies(request: HttpRequest, origin: str) -> bool:
    """Tell whether the browser sends ``origin`` the cookies of this request.

    It does to any port of a host (RFC 6265, 8.5) and, as https may have cookies of its own, by the same
    scheme.
    """
    there, host = urlsplit(origin), split_domain_port(request.get_host())[0]
    return (there.scheme, there.hostname) == (request.scheme, host.strip("[]"))
