"""A message about a change of the address is shown once, on a page that the browser can still open."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config_app.live import runtime
from hub.models import User
from tests.support.browsers.clients import configure
from tests.support.browsers.editor import EDITOR, HISTORY, Editor, browser, last_revision, text_of

SAID = "Port 8884 → 9000"
WARNING = "This change could lock you out, so it reverts in 5:00 unless you confirm it."


@pytest.fixture
def client(owner: User) -> Client:
    """Give the owner's browser."""
    return browser(owner)


def test_the_page_at_the_new_port_says_what_was_saved(client: Client) -> None:
    page = text_of(Editor(client).save(port="9000"))
    assert f"Revision {last_revision().number} is saved" in page
    assert "messagelist" not in page
    there = text_of(client.get(EDITOR, SERVER_PORT="9000"))
    assert SAID in there
    assert WARNING in there
    assert "messagelist" not in text_of(client.get(EDITOR, SERVER_PORT="9000"))


def test_the_page_that_leads_there_warns_by_itself(client: Client) -> None:
    assert text_of(Editor(client).save(port="9000")).count(WARNING) == 1


@pytest.mark.parametrize("public_url", ["http://hub.example.com", "https://localhost"])
def test_where_the_cookie_does_not_reach_it_is_said_at_once(client: Client, public_url: str) -> None:
    page = text_of(Editor(client).save(public_url=public_url))
    assert f"Public URL empty → {public_url}. {WARNING}" in page
    assert page.count(WARNING) == 1
    assert "messagelist" not in text_of(client.get(EDITOR))


def test_a_save_that_leads_nowhere_else_is_said_on_the_next_page(client: Client) -> None:
    Editor(client).save(log_level="debug")
    assert "Log Level info → debug" in text_of(client.get(EDITOR))


def test_the_page_at_the_old_port_says_what_was_reverted(client: Client) -> None:
    Editor(client).save(port="9000")
    number = last_revision().number
    assert SAID in text_of(client.get(EDITOR, SERVER_PORT="9000"))
    runtime.reload()
    page = text_of(client.post(f"{HISTORY}{number}/revert/", SERVER_PORT="9000"))
    assert f"Revision {number} is reverted" in page
    assert "messagelist" not in page
    assert f"Revision {number} is reverted." in text_of(client.get(EDITOR))


@pytest.fixture
def behind_a_proxy(owner: User) -> Client:
    """Give the owner's browser behind a reverse proxy that connects to port 8884."""
    configure(public_url="https://hub.example.com", trusted_proxies="127.0.0.1")
    forwarded: Any = {"HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_X_FORWARDED_PROTO": "https"}
    client = Client(SERVER_NAME="127.0.0.1", SERVER_PORT="8884", HTTP_HOST="hub.example.com", **forwarded)
    client.force_login(owner)
    client.cookies["__Host-sessionid"] = client.cookies["sessionid"].value
    return client


def test_behind_a_proxy_the_proxy_has_to_follow(behind_a_proxy: Client) -> None:
    page = text_of(Editor(behind_a_proxy).save(port="9000"))
    assert "Let it connect to the server's new address" in page
    assert "Continue at" not in page
    assert "follow.js" not in page
    banner = text_of(behind_a_proxy.get(EDITOR))
    assert "when your reverse proxy connects to the server's new address" in banner
    assert "Revert now" in banner


def test_a_host_name_that_may_be_refused_offers_no_revert(behind_a_proxy: Client) -> None:
    Editor(behind_a_proxy).save(public_url="https://new.example.com", allowed_hosts="hub.example.com")
    banner = text_of(behind_a_proxy.get(EDITOR))
    assert "only on a page that was opened with the new settings" in banner
    assert "Revert now" not in banner
