"""Checks in the wizard before a form is sent: one field, a port, the connection to WorkOS (S8, S9, W1)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator

import pytest

from tests.support.browsers.wizard_walk import ACCOUNT, CREDENTIALS, MODE, Browser
from tests.support.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(transactional_db: None, install: None) -> Browser:
    """Give a browser that has chosen local mode."""
    browser = Browser()
    browser.unlock()
    browser.fill("mode", MODE)
    return browser


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def validate(browser: Browser, step: str, name: str, value: str) -> object:
    browser.post(f"/setup/validate/{step}/", {"name": name, "value": value})
    return browser.json()["error"]


def test_one_field_is_checked_while_it_is_typed(browser: Browser) -> None:
    assert validate(browser, "network", "port", "9001") is None
    assert validate(browser, "network", "port", "abc") == "expected a whole number from 1 to 65535"
    assert (
        validate(browser, "account", "email", "ada")
        == "expected an e-mail address such as ada@example.com; there is no @"
    )
    assert validate(browser, "security", "enable_hsts", "on") is None


@pytest.mark.parametrize(
    ("step", "name", "status"),
    [
        ("account", "password1", 400),
        ("network", "no_such_field", 404),
        ("network", "setup_completed", 404),
        ("no-such-step", "port", 404),
        ("credentials", "workos_api_key", 404),  # belongs to the other mode
    ],
)
def test_secrets_and_unknown_fields_are_not_checked(
    browser: Browser, step: str, name: str, status: int
) -> None:
    assert browser.post(f"/setup/validate/{step}/", {"name": name, "value": "canary-1"}) == status
    assert "canary" not in browser.body


def test_a_secret_setting_is_refused(browser: Browser) -> None:
    browser.fill("mode", {"app_mode": "workos"})
    assert validate(browser, "credentials", "workos_api_key", "canary") == "secret_field"


@pytest.mark.parametrize(
    "path", ["/setup/validate/network/", "/setup/probe/listener/", "/setup/probe/workos/"]
)
def test_nothing_is_answered_before_the_token(transactional_db: None, install: None, path: str) -> None:
    stranger = Browser()
    assert (
        stranger.post(path, {"name": "port", "value": "abc", "bind_address": "127.0.0.1", "port": "1"}) == 403
    )
    assert stranger.json() == {"error": "token_required"}


def test_no_outbound_call_is_made_before_the_token(
    transactional_db: None, install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a call before the token")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    stranger = Browser()
    for path in ("/setup/", "/setup/mode/", "/setup/probe/workos/", "/setup/probe/listener/"):
        stranger.get(path)
        stranger.post(path, CREDENTIALS | {"token": "x"})


def test_only_posts_are_answered(browser: Browser) -> None:
    assert browser.get("/setup/validate/network/") == 405
    assert browser.get("/setup/probe/listener/") == 405


def test_a_free_port_is_free(browser: Browser) -> None:
    browser.fill("account", ACCOUNT)
    port = free_port()
    browser.post("/setup/probe/listener/", {"bind_address": "127.0.0.1", "port": str(port)})
    assert browser.json() == {"ok": True, "message": f"Port {port} is free on 127.0.0.1."}


def test_a_port_of_another_program_is_refused_with_an_alternative(browser: Browser, taken: int) -> None:
    browser.fill("account", ACCOUNT)
    browser.post("/setup/probe/listener/", {"bind_address": "127.0.0.1", "port": str(taken)})
    assert browser.json()["ok"] is False
    message = browser.json()["message"]
    assert f"Port {taken} is in use: " in message
    assert f"(pid {os.getpid()}) listens on 127.0.0.1:{taken}. Port" in message
    assert message.endswith(" free.")


def test_the_port_of_this_server_is_its_own(browser: Browser, taken: int) -> None:
    browser.fill("account", ACCOUNT)
    values = {"bind_address": "127.0.0.1", "port": str(taken)}
    browser.response = browser.client.post("/setup/probe/listener/", values, SERVER_PORT=str(taken))
    assert browser.json() == {"ok": True, "message": f"This hub listens on port {taken} now."}


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused(browser: Browser, address: str) -> None:
    browser.fill("account", ACCOUNT)
    browser.post("/setup/probe/listener/", {"bind_address": address, "port": "8884"})
    assert browser.json()["ok"] is False
    assert f"{address} is not an address of this machine." in browser.json()["message"]


def test_an_invalid_value_is_said_instead_of_probed(browser: Browser) -> None:
    browser.post("/setup/probe/listener/", {"bind_address": "127.0.0.1", "port": "abc"})
    assert browser.json() == {"ok": False, "message": "Port: expected a whole number from 1 to 65535"}


def test_an_unknown_probe_is_not_found(browser: Browser) -> None:
    assert browser.post("/setup/probe/no-such/") == 404
    assert browser.post("/setup/probe/workos/") == 404  # belongs to the other mode


def test_answers_are_json(browser: Browser) -> None:
    browser.post("/setup/validate/network/", {"name": "port", "value": "x"})
    assert browser.response.headers["Content-Type"] == "application/json"
    assert json.loads(browser.body)["error"]
