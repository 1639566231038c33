"""A message about a change of the address is shown once, on a page that the browser can still open."""

from __future__ import annotations

import pytest
from django.test import Client

from config_app.live import runtime
from hub.models import User
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
