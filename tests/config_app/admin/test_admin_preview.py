"""Reviewing changes before they are saved."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from config_app.api import plan
from hub.models import User
from tests.support.browsers.editor import EDITOR, PREVIEW, Editor, browser, last_revision, stored


@pytest.fixture
def editor(owner: User) -> Editor:
    """Give an editor that is open in the owner's browser."""
    return Editor(browser(owner))


def test_it_lists_what_would_change_and_when_that_takes_effect(editor: Editor) -> None:
    changes = editor.preview(port="9000")["changes"]
    assert [(c["key"], c["label"], c["old"], c["new"]) for c in changes] == [("port", "Port", "8884", "9000")]
    assert changes[0]["takes_effect"] == "when the server rebinds"


def test_it_writes_nothing(editor: Editor) -> None:
    before = last_revision()
    editor.preview(port="9000")
    assert (stored("port"), last_revision()) == (8884, before)


def test_nothing_edited_is_nothing_to_review(editor: Editor) -> None:
    assert editor.preview()["changes"] == []


def test_a_reset_is_shown_as_the_return_to_the_default(editor: Editor) -> None:
    plan({"port": 9000}).apply()
    changes = Editor(editor.client).preview(_reset_port="on")["changes"]
    assert [(c["old"], c["new"]) for c in changes] == [("9000", "8884")]


def test_it_says_so_where_a_change_reverts_unless_it_is_confirmed(editor: Editor, settings: Settings) -> None:
    settings.CONFIG_APP = {**settings.CONFIG_APP, "CONFIRM_SECONDS": 90}
    words = "This change could lock you out, so it reverts in 1:30 unless you confirm it."
    assert editor.preview(port="9000")["warning"] == words
    assert editor.preview(log_level="debug")["warning"] == ""


def test_mistakes_are_named_by_field(editor: Editor) -> None:
    assert editor.preview(port="abc") == {"errors": {"port": ["expected a whole number from 1 to 65535"]}}


def test_a_broken_rule_is_named_beside_its_setting(editor: Editor) -> None:
    assert list(editor.preview(super_admin_emails="")["errors"]) == ["super_admin_emails"]


def test_it_answers_only_to_a_post(editor: Editor) -> None:
    assert editor.client.get(PREVIEW).status_code == 405


def test_it_needs_the_csrf_token(owner: User) -> None:
    client = browser(owner)
    client.handler.enforce_csrf_checks = True
    assert client.post(PREVIEW, {"port": "9000"}).status_code == 403
    assert client.post(EDITOR, {"port": "9000"}).status_code == 403
