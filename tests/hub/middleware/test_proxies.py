"""Forwarded headers count only from trusted proxies (requirement W4)."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config_app.api import override_config
from config_app.fields import CidrListField
from hub.middleware.proxy import FORWARDED, trusted_proxies
from hub.models import User
from tests.support.browsers.clients import browser, configure
from tests.support.browsers.editor import Editor, last_revision

PROXIES = "10.0.0.0/8, fd00::/8, 2001:db8:ffff::1"


def arrive(peer: str, trusted: str = PROXIES, **headers: str) -> HttpRequest:
    """Return a request as a view sees it; it came from ``peer`` with the given forwarded headers."""
    environ: dict[str, Any] = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **environ)
    with override_config(trusted_proxies=CidrListField().clean(trusted)):
        trusted_proxies(lambda _request: HttpResponse())(request)
    return request


def client(peer: str, forwarded_for: str, trusted: str = PROXIES) -> str:
    return str(arrive(peer, trusted, x_forwarded_for=forwarded_for).META["REMOTE_ADDR"])


@pytest.mark.parametrize("header", FORWARDED)
def test_nobody_but_a_proxy_can_forward(install: None, header: str) -> None:
    request = arrive("203.0.113.9", **{header.removeprefix("HTTP_").lower(): "https"})
    assert header not in request.META
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert not request.is_secure()


def test_without_proxies_nobody_can_forward(install: None) -> None:
    for peer in ("127.0.0.1", "::1", "10.0.0.1"):
        assert client(peer, "198.51.100.7", trusted="") == peer


def test_a_proxy_says_who_the_client_is(install: None) -> None:
    assert client("10.0.0.1", "198.51.100.7") == "198.51.100.7"
    assert client("10.0.0.1", "2001:db8::7") == "2001:db8::7"
    assert client("fd00::1", "198.51.100.7") == "198.51.100.7"


def test_what_a_client_wrote_before_the_proxies_does_not_count(install: None) -> None:
    assert client("10.0.0.1", "127.0.0.1, 198.51.100.7") == "198.51.100.7"
    assert client("10.0.0.1", "1.1.1.1, 10.9.9.9, 198.51.100.7, 10.0.0.2") == "198.51.100.7"
    assert client("10.0.0.1", "10.0.0.3,,198.51.100.7,2001:db8:ffff::1") == "198.51.100.7"


def test_a_chain_of_proxies_alone_gives_its_outermost(install: None) -> None:
    assert client("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"


@pytest.mark.parametrize(
    "garbage",
    ["", " ", ",", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "1.2.3.4/8", "evil\t", "[", "[]:1", "²"],
)
def test_garbage_leaves_the_last_address_that_is_sure(install: None, garbage: str) -> None:
    assert client("10.0.0.1", garbage) == "10.0.0.1"
    assert client("10.0.0.1", f"198.51.100.7, {garbage}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_an_address_is_the_same_however_a_proxy_writes_it(install: None, hop: str, address: str) -> None:
    assert client("10.0.0.1", hop) == address


def test_a_listener_for_ipv6_sees_ipv4_proxies_and_clients_as_what_they_are(install: None) -> None:
    assert client("::ffff:10.0.0.1", "198.51.100.7") == "198.51.100.7"
    assert client("::ffff:203.0.113.9", "198.51.100.7") == "203.0.113.9"


@pytest.mark.parametrize(
    ("scheme", "is_secure"),
    [
        ("https", True),
        ("HTTPS", True),
        ("http", False),
        ("http, https", True),
        ("https, http", False),
        ("https,ftp", False),
        ("", False),
    ],
)
def test_the_nearest_proxy_says_whether_it_was_https(install: None, scheme: str, is_secure: bool) -> None:
    assert arrive("10.0.0.1", x_forwarded_proto=scheme).is_secure() is is_secure


def test_the_host_is_not_taken_from_a_forwarded_header(install: None) -> None:
    request = arrive("10.0.0.1", x_forwarded_host="evil.example", x_forwarded_port="9")
    assert request.get_host() == "testserver"


def test_a_unix_socket_is_nobody(install: None) -> None:
    assert not arrive("", x_forwarded_proto="https").is_secure()


def test_trust_follows_the_configuration(owner: Any) -> None:
    visitor = browser(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_PROTO="https")
    assert "csrftoken" in visitor.get("/auth/login").cookies
    configure(trusted_proxies="10.0.0.0/8")
    assert "__Host-csrftoken" in visitor.get("/auth/login").cookies
    configure(trusted_proxies="")
    assert "csrftoken" in visitor.get("/auth/login").cookies


def test_history_names_the_client_behind_a_proxy(owner: User) -> None:
    configure(trusted_proxies="10.0.0.1")
    client = browser(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="127.0.0.1, 203.0.113.9")
    client.force_login(owner)
    Editor(client).save(log_level="debug")
    assert last_revision().address == "203.0.113.9"
