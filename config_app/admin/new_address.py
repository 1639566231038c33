"""The page that links to the site's new address after a change of the address."""

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
    """A page of this site at another address than that of the request.

    ``origin`` is empty if it is not known. If ``is_followed``, the browser goes there by itself.
    """

    origin: str
    path: str
    is_followed: bool = False

    @property
    def url(self) -> str:
        """Return the whole URL, or the empty string if the origin is not known."""
        return f"{self.origin}{self.path}" if self.origin else ""

    def as_html(self, sentence: str) -> SafeString:
        """Return ``sentence`` with the link in place of ``{}``; empty if the origin is not known."""
        if not self.origin:
            return SafeString()
        return format_html(sentence, format_html('<a href="{}">{}</a>', self.url, self.origin))


def elsewhere(request: HttpRequest, config: Any, keys: Collection[str], path: str) -> Elsewhere | None:
    """Return the address of this site under ``config``; ``None`` if the request already used it.

    ``keys`` are the settings that changed.
    """
    project = get_project()
    if project.arrived_under(request, config, keys):
        return None
    origin = project.address_under(request, config)
    return Elsewhere(origin, path, is_followed=bool(origin) and _can_follow(request, origin))


def _can_follow(request: HttpRequest, origin: str) -> bool:
    """Return whether the browser can go to ``origin`` by itself without ending up on another machine.

    It can if the host stays the same, or if the request used a loopback address.
    """
    # In the browser's network, another name or address may belong to another machine.
    host = split_domain_port(request.get_host())[0].strip("[]")
    address = parse_address(host)
    return urlsplit(origin).hostname == host or (address is not None and address.is_loopback)


def show_elsewhere(
    request: HttpRequest, link: Elsewhere, context: dict[str, Any], *, warning: str = ""
) -> HttpResponse:
    """Return a page that links to ``link``, in place of a redirect.

    If the messages will be shown at ``link``, this page shows only ``warning``.
    """
    # A redirect could fail: perhaps the browser cannot reach the new address, or nothing listens there yet.
    page = context | {"elsewhere": link}
    # The messages belong to the session. If the new address gets the same cookies, they are shown there.
    if _has_same_cookies(request, link.origin):
        page |= {"messages": (), "warning": warning}
    response = TemplateResponse(request, "config_app/elsewhere.html", page)
    if link.is_followed:
        get_project().let_connect(response, link.origin)
    return response


def _has_same_cookies(request: HttpRequest, origin: str) -> bool:
    """Return whether the browser sends the cookies of this request to ``origin`` too.

    It does if the host is the same, whatever the port (RFC 6265, section 8.5).
    """
    # The scheme must be the same too, because https may have cookies of its own.
    there, host = urlsplit(origin), split_domain_port(request.get_host())[0]
    return (there.scheme, there.hostname) == (request.scheme, host.strip("[]"))
