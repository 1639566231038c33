"""A change in the editor must be confirmed if its setting could lock the author out (W6)."""

from __future__ import annotations

import pytest

from config_app.change import confirmation
from hub.models import User
from hub.runtime_config import schema
from tests.support.browsers.clients import configure
from tests.support.browsers.editor import Editor, browser, last_revision

LOCKS_OUT = {
    "allowed_hosts": "",
    "bind_address": "localhost",
    "port": "9000",
    "public_url": "http://localhost",
    "super_admin_emails": "owner@example.com",
    "trusted_proxies": "10.0.0.0/8",
}


@pytest.mark.parametrize(("key", "value"), LOCKS_OUT.items(), ids=LOCKS_OUT)
def test_each_of_them_waits(owner: User, key: str, value: str) -> None:
    configure(allowed_hosts="old.example.com", super_admin_emails="owner@example.com,second@example.com")
    Editor(browser(owner)).save(**{key: value})
    revision = last_revision()
    assert list(revision.changes.values_list("key", flat=True)) == [key]
    assert [waiting.number for waiting in confirmation.waiting()] == [revision.number]


@pytest.mark.parametrize(
    ("key", "value"),
    [("allowed_hosts", "hub.example.com"), ("super_admin_emails", "owner@example.com,second@example.com")],
)
def test_to_add_an_entry_locks_no_one_out(owner: User, key: str, value: str) -> None:
    editor = Editor(browser(owner))
    assert editor.preview(**{key: value})["warning"] == ""
    editor.save(**{key: value})
    assert list(last_revision().changes.values_list("key", flat=True)) == [key]
    assert list(confirmation.waiting()) == []


def test_these_are_all_that_the_editor_has() -> None:
    found = {setting.key for setting in schema.settings.values() if setting.can_lock_out}
    assert found == {*LOCKS_OUT, "app_mode"}  # the mode is changed only by a sign-in or in a shell
