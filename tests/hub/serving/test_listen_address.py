"""A bind address can be a name, even if the name has only an IPv6 address."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from hub.serving import sockets
from hub.serving.listen_address import family_of, is_foreign, listener, obstacle
from tests.support.ports import free_port

KNOWN = {
    ("four.example", socket.AF_INET): "127.0.0.1",
    ("six.example", socket.AF_INET6): "::1",
    ("both.example", socket.AF_INET): "127.0.0.1",
    ("both.example", socket.AF_INET6): "::1",
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the names in ``KNOWN`` resolve, and no others."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, family: int = 0, *more: Any) -> Any:
        if not host.endswith(".example"):
            return resolve(host, port, family, *more)
        if (host, family) not in KNOWN:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(KNOWN[host, socket.AddressFamily(family)], port, family, *more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("host", "bind"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("::1", "[::1]:80"),
        ("four.example", "four.example:80"),
        ("both.example", "both.example:80"),
        ("six.example", "[::1]:80"),
        ("nothing.example", "nothing.example:80"),
    ],
)
def test_gunicorn_is_given_an_address_that_it_can_open(host: str, bind: str) -> None:
    assert listener(host, 80) == bind


@pytest.mark.parametrize("host", ["four.example", "six.example", "both.example"])
def test_the_hub_can_listen_at_a_name(host: str) -> None:
    port = free_port()
    assert obstacle(host, port) is None
    arbiter = SimpleNamespace(cfg=Config(), log=None, LISTENERS=[])
    opened = sockets.open_listener(host, port, arbiter, set())
    try:
        assert opened.sock.family == family_of(host)
        assert sockets.place(opened.sock) == (KNOWN[host, family_of(host)], port)
    finally:
        opened.close()


def test_a_name_without_an_address_is_not_of_this_machine() -> None:
    error = obstacle("nothing.example", free_port())
    assert error is not None
    assert is_foreign(error)
