"""The page that links to the site's new address after a person has changed the address."""

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
    """A link to a page of this site at the site's new address.

    - ``origin``: the scheme, host and port of the new address. Empty if the new address is not known.
    - ``path``: the path of the page.
    - ``is_followed``: whether the browser opens the link without a click.
    - ``is_here``: whether the browser uses this origin already. If so, a reverse proxy still connects to the
      old address of the server.
    - ``may_refuse``: whether the site may refuse the host name that the browser uses now.
    """

    origin: str
    path: str
    is_followed: bool = False
    is_here: bool = False
    may_refuse: bool = False

    @property
    def url(self) -> str:
        """Return the whole URL. Return an empty text if the origin is not known."""
        return f"{self.origin}{self.path}" if self.origin else ""

    def as_html(self, sentence: str) -> SafeString:
        """Replace ``{}`` in ``sentence`` with the link, and return the sentence as HTML.

        Return an empty text if the origin is not known.
        """
        if not self.origin:
            return SafeString()
        return format_html(sentence, format_html('<a href="{}">{}</a>', self.url, self.origin))


def elsewhere(request: HttpRequest, config: Any, keys: Collection[str], path: str) -> Elsewhere | None:
    """Return a link to ``path`` at the new address of the site.

    ``config`` is the new runtime config. It contains the new address. ``keys`` are the keys of the changed
    settings. Return ``None`` if the request already used the new address.
    """
    project = get_project()
    if project.arrived_under(request, config, keys):
        return None
    origin = project.address_under(request, config)
    if not origin:
        return Elsewhere(origin, path)
    keeps_host = _can_follow(request, origin)
    is_here = origin == f"{request.scheme}://{request.get_host()}".lower()
    is_followed = keeps_host and not is_here
    return Elsewhere(origin, path, is_followed=is_followed, is_here=is_here, may_refuse=not keeps_host)


def _can_follow(request: HttpRequest, origin: str) -> bool:
    """Return whether the browser may safely open ``origin`` without a click.

    This is safe if the request used the host of ``origin`` or a loopback address.
    """
    # Otherwise, the new host could be another machine in the browser's network.
    host = split_domain_port(request.get_host())[0].strip("[]")
    address = parse_address(host)
    return urlsplit(origin).hostname == host or (address is not None and address.is_loopback)


def show_elsewhere(
    request: HttpRequest, link: Elsewhere, context: dict[str, Any], *, warning: str = ""
) -> HttpResponse:
    """Return a page that shows ``link`` to the visitor, instead of a redirect.

    If the browser sends the session's cookie to the new address too, the page at the new address will show
    the messages of the session. In this case, the returned page shows only ``warning``. Otherwise, the
    returned page shows the messages.
    """
    # A redirect could fail: perhaps the browser cannot reach the new address, or nothing listens there yet.
    page = context | {"elsewhere": link}
    # The messages belong to the session. If the browser sends the session's cookie to the new address too,
    # the page there shows them.
    if _has_same_cookies(request, link.origin):
        page |= {"messages": (), "warning": warning}
    response = TemplateResponse(request, "config_app/elsewhere.html", page)
    if link.is_followed:
        get_project().let_connect(response, link.origin)
    return response


def _has_same_cookies(request: HttpRequest, origin: str) -> bool:
    """Return whether the browser sends the cookies of this request to ``origin`` too.

    The scheme and the host must be the same. The port does not matter (RFC 6265, section 8.5).
    """
    # The scheme must be the same too, because a site may use other cookies with https.
    there, host = urlsplit(origin), split_domain_port(request.get_host())[0]
    return (there.scheme, there.hostname) == (request.scheme, host.strip("[]"))
