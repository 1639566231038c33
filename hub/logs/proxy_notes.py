"""Remember proxies that hide https or the addresses of clients from the hub.

Either the hub ignores the headers of such a proxy, because it does not trust the proxy, or the proxy does not
send a header that the hub needs. Then all users behind such a proxy seem to have one address, or seem to use
http.
"""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Final

from config_app.problems import Problem
from hub.logs import request_notes
from hub.runtime_config import RuntimeConfig

IGNORED: Final = "proxy_ignored"
"""An address that is not trusted sends forwarded headers."""
IGNORED_HOP: Final = "proxy_in_a_chain_ignored"
"""According to a trusted proxy, the request also passed a proxy that the hub does not trust."""
UNKNOWN: Final = "proxy_unknown"
"""A form was loaded with https, but arrived with http and without forwarded headers."""
HIDES_CLIENTS: Final = "proxy_hides_clients"
"""A trusted proxy does not say who the client is."""
SENDS_NO_SCHEME: Final = "proxy_sends_no_scheme"
SENDS_HTTP: Final = "proxy_sends_http"
SENDS_LIST: Final = "proxy_sends_list"
"""A trusted proxy sends no X-Forwarded-Proto, sends http, or sends a list such as ``https, http``."""

_OF_UNTRUSTED: Final = {
    IGNORED: "forwarded headers from {} are ignored, because trusted_proxies lacks this address, "
    "so all users behind it share one address and one limit of failed sign-ins, and https is not seen",
    IGNORED_HOP: "a trusted proxy says that {} forwards requests too, but trusted_proxies lacks this "
    "address, so all users behind it share one address and one limit of failed sign-ins",
    UNKNOWN: "a form that was loaded with https has arrived from {} with http and without forwarded headers, "
    "so this address seems to belong to a proxy that sends no forwarded headers",
}
_NOT_HTTPS: Final = ", so requests do not count as https: cookies are not Secure, and HSTS is not sent"
_OF_TRUSTED: Final = {
    HIDES_CLIENTS: "the trusted proxy {} sends no X-Forwarded-For with the address of the client, so all "
    "users behind it share one address and one limit of failed sign-ins",
    SENDS_NO_SCHEME: "public_url is https, but the trusted proxy {} sends no X-Forwarded-Proto" + _NOT_HTTPS,
    SENDS_HTTP: "public_url is https, but the trusted proxy {} sends X-Forwarded-Proto: http" + _NOT_HTTPS,
    SENDS_LIST: "public_url is https, but the trusted proxy {} sends X-Forwarded-Proto with several values, "
    "of which the last one counts, and the last one is not https" + _NOT_HTTPS,
}
_SEND: Final = "let the proxy send X-Forwarded-Proto: https if the client uses https"
_FIXES: Final = {
    HIDES_CLIENTS: "let the proxy send X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For "
    "$proxy_add_x_forwarded_for; HAProxy: option forwardfor)",
    SENDS_NO_SCHEME: f"{_SEND} (nginx: proxy_set_header X-Forwarded-Proto $scheme; "
    "HAProxy: http-request set-header X-Forwarded-Proto https)",
    SENDS_HTTP: f"{_SEND}, and redirect other requests to https; if another proxy in front of this one "
    "handles https, let this one pass on the header (nginx: proxy_set_header X-Forwarded-Proto "
    "$http_x_forwarded_proto)",
    SENDS_LIST: "let the proxy that handles https set the header, and the other proxies pass it on without "
    "adding a value",
}
# A script need not know what exactly a proxy sends.
_CODES: Final = {
    IGNORED_HOP: IGNORED,
    SENDS_NO_SCHEME: "proxy_hides_https",
    SENDS_HTTP: "proxy_hides_https",
    SENDS_LIST: "proxy_hides_https",
}


def note(kind: str, peer: str, config: RuntimeConfig) -> None:
    """Remember that a request has shown the mistake ``kind`` of the proxy with the address ``peer``."""
    # Everyone on the internet can send such headers. An own proxy is on this machine or in a private network.
    if kind in _OF_TRUSTED or not ipaddress.ip_address(peer).is_global:
        request_notes.note(kind, peer, partial(_problem, kind, peer, config))


def problems(config: RuntimeConfig) -> list[Problem]:
    """Return the problems that requests have lately shown, except those that ``config`` has solved."""
    found = request_notes.recent(*_OF_UNTRUSTED, *_OF_TRUSTED)
    return [
        _problem(each.kind, each.subject, config, f" ({each.last_seen})")
        for each in found
        if _applies(each.kind, each.subject, config)
    ]


def ignored(config: RuntimeConfig) -> list[str]:
    """Return the addresses of the untrusted proxies that have lately sent forwarded headers."""
    found = request_notes.recent(IGNORED)
    return [each.subject for each in found if _applies(IGNORED, each.subject, config)]


def _applies(kind: str, peer: str, config: RuntimeConfig) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:  # the file is damaged
        return False
    is_trusted = any(address in network for network in config.trusted_proxies)
    if kind in _OF_UNTRUSTED:
        return not is_trusted
    return is_trusted and (kind == HIDES_CLIENTS or config.public_url.startswith("https://"))


def _problem(kind: str, peer: str, config: RuntimeConfig, last_seen: str = "") -> Problem:
    return Problem(
        code=_CODES.get(kind, kind),
        message=(_OF_UNTRUSTED | _OF_TRUSTED)[kind].format(peer) + last_seen,
        fix=_FIXES.get(kind) or _trust(kind, peer, config),
        keys=("trusted_proxies",),
    )


def _trust(kind: str, peer: str, config: RuntimeConfig) -> str:
    every = ",".join([*map(str, config.trusted_proxies), peer])
    send = "let it send X-Forwarded-For and X-Forwarded-Proto, and " if kind == UNKNOWN else ""
    return f"if this is your reverse proxy, {send}run manage.py config set trusted_proxies {every}"
