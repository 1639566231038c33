"""Why Django's CSRF protection has refused a form, and what to do about it. Anyone may see these texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.middleware import csrf

IGNORED_PROXY: Final = "hub.ignored_proxy"
"""A key in ``request.META``. The value is the address of a proxy whose headers the hub has ignored."""

Texts = Mapping[str, str]

# The command has placeholders. The origin must not be in the cure, because an attacker's page can choose it.
_SET_BOTH = "./manage.py config set public_url=https://hub.example.com trusted_proxies=192.0.2.1"
_SET_URL = "./manage.py config set public_url=https://hub.example.com"
_OPERATOR = "If this is the right address, an operator can run the command below on the server. "
_OF_PUBLIC_URL = "In the command, replace https://hub.example.com with the address that people open"
_OF_BOTH = f"{_OF_PUBLIC_URL}, and replace 192.0.2.1 with the address of the proxy."

EXPIRED: Final[Texts] = {
    "code": "form_expired",
    "heading": "This form has expired",
    "cause": "The form was loaded before the last sign-in, or a long time ago.",
    "cure": "Go back, reload the page and send the form again.",
}
_NO_COOKIE: Final[Texts] = {
    "code": "form_expired",
    "heading": "Your browser sent no cookie",
    "cause": "The form needs a cookie, and your browser did not send this cookie.",
    "cure": "Check that your browser accepts cookies from this address. Then reload the page, and send the "
    "form again.",
}
_NO_ORIGIN: Final[Texts] = {
    "code": "origin_refused",
    "heading": "Your browser does not say where the form comes from",
    "cause": "The hub accepts forms only from its own pages. Your browser, or a program in between, has "
    "removed the headers Origin and Referer.",
    "cure": "Turn off the extension or the setting that removes these headers, at least for this address. "
    "Then reload the page.",
}
_UNTRUSTED_PROXY: Final[Texts] = {
    "code": "origin_refused",
    "heading": "The hub does not trust the proxy in front of it",
    "cause": "A proxy has forwarded this form. The hub ignores the headers in which the proxy says that you "
    "use https, because trusted_proxies does not contain the address of the proxy.",
    "cure": f"{_OPERATOR}{_OF_BOTH}",
    "command": _SET_BOTH,
}
_SILENT_PROXY: Final[Texts] = {
    "code": "origin_refused",
    "heading": "The hub does not know that you use https",
    "cause": "You have opened the hub with https, but the request arrived with http and without the header "
    "X-Forwarded-Proto. So a proxy is in front of the hub, and does not send this header.",
    "cure": "Let the proxy send X-Forwarded-Proto and X-Forwarded-For. " + _OPERATOR + _OF_BOTH,
    "command": _SET_BOTH,
}
_OTHER_ADDRESS: Final[Texts] = {
    "code": "origin_refused",
    "heading": "The form comes from another address",
    "cause": "The hub accepts forms only from its own pages. The address of the page with this form differs "
    "from the address at which the form arrived. Either the page is not a page of this hub, or a proxy has "
    "changed the address.",
    "cure": "If you do not know the page, do not send the form. " + _OPERATOR + _OF_PUBLIC_URL + ".",
    "command": _SET_URL,
}


def explain(request: HttpRequest, reason: str) -> Texts:
    """Return the texts of the page for ``reason``, which is Django's reason to refuse the form.

    The texts have the keys ``code``, ``heading``, ``cause`` and ``cure``, and maybe ``command``.
    """
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        return _NO_COOKIE
    if not reason.startswith(("Origin checking failed", "Referer checking failed")):
        return EXPIRED
    source = request.META.get("HTTP_ORIGIN") or request.META.get("HTTP_REFERER", "")
    if source in ("", "null"):
        return _NO_ORIGIN
    if IGNORED_PROXY in request.META:
        return _UNTRUSTED_PROXY
    return _SILENT_PROXY if _differs_only_by_https(request, source) else _OTHER_ADDRESS


def _differs_only_by_https(request: HttpRequest, source: str) -> bool:
    try:
        parts = urlsplit(source)
        here = urlsplit(f"//{request.get_host()}")
        return parts.scheme == "https" and not request.is_secure() and parts.hostname == here.hostname
    except ValueError:
        return False
