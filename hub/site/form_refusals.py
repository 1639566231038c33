"""The page for a form that Django's CSRF protection has refused. Anyone may see this page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.request import validate_host
from django.middleware import csrf

from config_app.fields.hosts import in_brackets
from config_app.fields.origins import Url, parse_url
from hub.logs import proxy_notes
from hub.middleware.cookies import has_cookie_of_other_scheme
from hub.middleware.hosts import own_hosts
from hub.middleware.proxy import IGNORED_PROXY, PEER, is_trusted, parse_address
from hub.responses import errors
from hub.responses.proxy_texts import PROXY, how_to_name_the_proxy
from hub.runtime_config import RuntimeConfig, get_config

ORIGIN: Final = "origin_refused"
EXAMPLE: Final = "https://hub.example.com"
_OPERATOR: Final = "an operator can run the command below on the server. "
_REPLACE_URL: Final = (
    f"Replace {EXAMPLE} with the address that people open, with the port if the address bar shows one. "
)
_HOST: Final = (
    "Let the proxy pass on the host and the port that people open (nginx: proxy_set_header Host $http_host). "
)
_SCHEME: Final = (
    "Let the proxy send X-Forwarded-Proto: https (nginx: proxy_set_header X-Forwarded-Proto $scheme). "
)
_REVERTS: Final = "If a change of trusted_proxies waits for a confirmation, it reverts by itself. "


@dataclasses.dataclass(frozen=True)
class Refusal:
    """The texts of the page. ``code`` is for programs. ``command`` may be empty."""

    code: str
    heading: str
    cause: str
    cure: str
    command: str = ""


EXPIRED: Final = Refusal(
    "form_expired",
    "This form has expired",
    "The form was loaded before the last sign-in, or a long time ago.",
    "Go back, reload the page and send the form again.",
)
_NOW_HTTPS: Final = Refusal(
    "form_expired",
    "This form has expired",
    "Since the form was loaded, the hub has learned that you use https. So it now uses other cookies.",
    "Go back, reload the page and send the form again.",
)
_NO_COOKIE: Final = Refusal(
    "form_expired",
    "Your browser sent no cookie",
    "The form needs a cookie, and your browser did not send this cookie.",
    "Check that your browser accepts cookies from this address. Then reload the page, and send the form "
    "again.",
)
_NO_ORIGIN: Final = Refusal(
    ORIGIN,
    "Your browser does not say where the form comes from",
    "The hub accepts forms only from its own pages. Your browser, or a program in between, has removed the "
    "headers Origin and Referer.",
    "Turn off the extension or the setting that removes these headers, at least for this address. Then "
    "reload the page.",
)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that has expired or did not come from a page of this hub. Name the cause."""
    refusal = explain(request, reason)
    return errors.answer(request, 403, "csrf", refusal.code, refusal=refusal)


def explain(request: HttpRequest, reason: str) -> Refusal:
    """Return the texts of the page for ``reason``, which is Django's reason to refuse the form."""
    source = request.META.get("HTTP_ORIGIN") or request.META.get("HTTP_REFERER", "")
    if not reason.startswith(("Origin checking failed", "Referer checking failed")):
        return _of_cookies(request, reason, source)
    if source in ("", "null"):
        return _NO_ORIGIN
    form = _Form(request, source)
    return _of_hidden_https(request, form) if form.is_https_hidden else _of_other_address(form)


def _of_cookies(request: HttpRequest, reason: str, source: str) -> Refusal:
    has_other = has_cookie_of_other_scheme(request)
    if has_other and source and (form := _Form(request, source)).is_https_hidden:
        refusal = _of_hidden_https(request, form)
        return dataclasses.replace(refusal, cure=_REVERTS + refusal.cure)
    if reason != csrf.REASON_NO_CSRF_COOKIE:
        return EXPIRED
    return _NOW_HTTPS if has_other and request.is_secure() else _NO_COOKIE


class _Form:
    """Where a form comes from, and where it has arrived.

    ``page`` is ``None`` if the page with the form is not a page of this hub.
    """

    def __init__(self, request: HttpRequest, source: str) -> None:
        self.config: RuntimeConfig = get_config()
        self.host = request.get_host()
        self.arrived = parse_url(f"{request.scheme}://{self.host}")
        self.public = parse_url(self.config.public_url)
        self.is_ignored = IGNORED_PROXY in request.META
        page = parse_url(source)
        self.is_at_same_host = page is not None and page.host == _host(self.arrived)
        # An attacker can choose any other origin, so the texts must not repeat it.
        self.page = page if page and (self.is_at_same_host or self._is_own(page.host)) else None
        is_https = page is not None and page.scheme == "https" and not request.is_secure()
        self.is_https_hidden = is_https and (self.is_ignored or self.is_at_same_host)

    def _is_own(self, host: str) -> bool:
        return validate_host(in_brackets(host), list(own_hosts(self.config)))

    @property
    def public_url(self) -> str:
        """The public URL that the operator should set, or an empty text if this would not help."""
        if self.page is None:
            return EXAMPLE
        if self.page.scheme == "http" and self.arrived and self.arrived.scheme == "https":
            return ""
        # Another public URL would only move the failure to the name that is in the public URL now.
        is_free = self.public is None and self.is_at_same_host
        is_wrong = _host(self.page) == _host(self.public) and self.page.origin != self.config.public_url
        return self.page.origin if is_free or is_wrong else ""

    @property
    def lost_its_host(self) -> bool:
        """Whether the proxy must pass on the host or the port that people open."""
        if self.page is None or self.public_url:
            return False
        return self.page.origin != _origin(f"{self.page.scheme}://{self.host}")


def _origin(text: str) -> str | None:
    url = parse_url(text)
    return url and url.origin


def _host(url: Url | None) -> str | None:
    return url and url.host


def _of_hidden_https(request: HttpRequest, form: _Form) -> Refusal:
    """Return the texts for a page that was opened with https, if the hub does not know about https."""
    host = _HOST if form.lost_its_host else ""
    command = f"{'public_url=' * bool(form.public_url)}{form.public_url} trusted_proxies={PROXY}".strip()
    trust = (
        f"If this is the right address, {_OPERATOR}{''.join(_placeholders(form))}{host}",
        f"./manage.py config set {command}",
    )
    if form.is_ignored:
        cause = (
            "A proxy has forwarded this form. The hub ignores the headers in which the proxy says that you "
            "use https, because trusted_proxies does not contain the address of the proxy."
        )
        return Refusal(ORIGIN, "The hub does not trust the proxy in front of it", cause, *trust)
    peer = parse_address(request.META.get(PEER, ""))
    heading = "The hub does not know that you use https"
    opened = "You have opened the hub with https, but the request arrived with http"
    if is_trusted(peer, form.config.trusted_proxies):
        cause = f"{opened}. The trusted proxy in front of the hub does not say that you use https."
        return Refusal(ORIGIN, heading, cause, f"{_SCHEME}{host}")
    if peer is not None:
        proxy_notes.note(proxy_notes.UNKNOWN, str(peer), form.config)
    cause = (
        f"{opened} and without the header X-Forwarded-Proto. So a proxy is in front of the hub, and does not "
        "send this header."
    )
    cure, command = trust
    send = "Let the proxy send X-Forwarded-Proto and X-Forwarded-For. "
    return Refusal(ORIGIN, heading, cause, f"{send}{cure}", command)


def _placeholders(form: _Form) -> Iterator[str]:
    """Yield how to replace the placeholders in the command that lets the hub trust a proxy."""
    if form.public_url == EXAMPLE:
        yield _REPLACE_URL
    yield from how_to_name_the_proxy(has_others=bool(form.config.trusted_proxies))


def _of_other_address(form: _Form) -> Refusal:
    heading = "The form comes from another address"
    command = f"./manage.py config set public_url={form.public_url}" if form.public_url else ""
    arrived = form.arrived.origin if form.arrived else "another address"
    if form.page is None:
        cause = (
            f"The hub accepts forms only from its own pages. The form arrived at {arrived}, and the page "
            "with this form has another address. Either the page is not a page of this hub, or a proxy has "
            "changed the address."
        )
        cure = f"If you do not know the page, do not send the form. Otherwise, {_OPERATOR}{_REPLACE_URL}"
        return Refusal(ORIGIN, heading, cause, cure, command)
    page = form.page.origin
    cause = (
        f"The page with this form has the address {page}. The form arrived at {arrived}. Either the page "
        "belongs to another program, or a proxy has changed the address."
    )
    cure = f"If people do not open the hub at {page}, do not send the form. Otherwise: "
    if command:
        only = f"Or, if people open the hub only at {page}, {_OPERATOR}"
        return Refusal(ORIGIN, heading, cause, f"{cure}{_HOST}{only}", command)
    if form.page.scheme == "http" and arrived.startswith("https://"):
        return Refusal(ORIGIN, heading, cause, f"{cure}Open the hub at {arrived}.")
    scheme = _SCHEME if form.page.scheme == "https" and arrived.startswith("http://") else ""
    return Refusal(ORIGIN, heading, cause, f"{cure}{_HOST}{scheme}")
