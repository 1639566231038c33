"""The wizard restores a backup, with the secrets or, if a person decides so, without them (R10, K9, K10)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session

from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.models import Change, KeySlot, Revision
from config_app.testing import reset_process
from config_app.transfer.archive import read_lines
from hub.backup import dump
from hub.models import User
from hub.runtime_config import get_config
from hub.start.generated import cookie_password
from setup_wizard.claiming import draft, tokens, upload
from tests.support.browsers.restoring import (
    CANARY,
    browser,
    code,
    confirm,
    content,
    known,
    review,
    send,
    source,
)
from tests.support.browsers.wizard_walk import LOCAL, Browser
from tests.support.databases.raw_sql import rows
from tests.support.keys import locked_here
from tests.support.processes.hub_process import OWNER, HubProcess

__all__ = ["browser", "code", "content", "source"]  # fixtures

TITLE = "hub-backup 1"


def test_the_first_page_leads_to_the_restore(browser: Browser) -> None:
    browser.get("/setup/mode/")
    assert 'href="/setup/restore/"' in browser.body
    browser.fill("mode", LOCAL["mode"])
    browser.get("/setup/account/")
    assert 'href="/setup/restore/"' not in browser.body
    assert browser.get("/setup/restore/") == 200
    assert "a file of up to 64 MB" in browser.text
    assert "./manage.py restore FILE" in browser.text


@pytest.mark.parametrize("path", ["restore/", "restore/backup/", "restore/import/", "keys/"])
def test_a_stranger_can_neither_see_nor_send_anything(
    browser: Browser, content: bytes, code: str, path: str
) -> None:
    review(browser, content)
    before, stranger = known(), Browser()
    for answer in (stranger.get(f"/setup/{path}"), send(stranger, b"other")):
        assert (answer, stranger.location) == (302, "/setup/")
    fields = {"fingerprint": upload.fingerprint(), "code": code, "confirm": "on", "document": "plain:{}"}
    assert (stranger.post(f"/setup/{path}", fields), stranger.location) == (302, "/setup/")
    assert known() == before
    assert upload.path().read_bytes() == content


def test_the_review_says_what_the_backup_contains_and_what_is_missing(
    browser: Browser, content: bytes
) -> None:
    review(browser, content)
    header = next(read_lines(upload.path(), TITLE))
    assert f"Made {header['created_at']}, by version {header['version']}" in browser.text
    assert f"Revisions {header['revision']}" in browser.text
    assert "Accounts 1" in browser.text
    assert "Secrets workos_api_key , workos_cookie_password" in browser.text
    assert "No key of this machine unlocks the secrets in this backup: the machine key does not fit" in (
        browser.text
    )
    assert "the restore drops workos_api_key , workos_cookie_password and all secrets" in browser.text
    assert CANARY not in browser.body
    assert stat.S_IMODE(upload.path().stat().st_mode) == 0o600


def test_with_the_code_everything_is_restored_and_people_sign_in(
    browser: Browser, content: bytes, code: str
) -> None:
    old = browser.client.session.session_key
    review(browser, content)
    assert confirm(browser, code=code.lower()) == 302, browser.text
    assert browser.location == "/welcome/"
    assert get_config().workos_api_key == Secret(CANARY)
    assert User.objects.get().email == OWNER
    assert (Session.objects.filter(pk=old).exists(), tokens.is_held()) == (False, False)
    assert not upload.path().exists()
    newest = Revision.objects.order_by("-pk")[0]
    assert (newest.channel, newest.actor) == ("restore", "setup")
    assert newest.reason.startswith("restored in the wizard: backup of 20")
    assert browser.get("/welcome/") == 200
    assert "This hub is restored" in browser.text
    assert browser.get("/setup/restore/") == 404
    reset_process()
    assert get_config().workos_api_key == Secret(CANARY), "this machine has a slot of its own now"


def test_the_same_machine_needs_no_code(browser: Browser, tmp_path: Path) -> None:
    plan({"log_level": "debug", "workos_api_key": CANARY}).apply()
    dump.back_up(tmp_path / "own.backup")
    plan({"log_level": "error", "workos_api_key": "sk_another_secret"}).apply()
    review(browser, (tmp_path / "own.backup").read_bytes())
    assert 'name="code"' not in browser.body
    assert confirm(browser) == 302, browser.text
    assert (get_config().log_level, get_config().workos_api_key) == ("debug", Secret(CANARY))


def test_without_the_code_the_secrets_are_dropped_by_name_and_there_is_a_new_code(
    browser: Browser, content: bytes
) -> None:
    review(browser, content)
    assert confirm(browser, drop="on") == 302, browser.text
    assert (get_config().workos_api_key, get_config().log_level) == (None, "debug")
    newest = Revision.objects.order_by("-pk")[0]
    assert newest.reason == "no key unlocked the secrets; lost: workos_api_key, workos_cookie_password"
    lost = Change.objects.filter(revision=newest, key="workos_api_key").values_list("new_value", flat=True)
    assert list(lost) == [None]
    browser.keep_code()
    assert set(KeySlot.objects.values_list("kind", flat=True)) == {"machine", "recovery"}


def test_the_backup_of_an_unclaimed_hub_goes_on_with_the_wizard(browser: Browser, tmp_path: Path) -> None:
    other = HubProcess(tmp_path / "other")
    other.bring_up()
    other.config("set", "log_level=debug")
    other.manage("backup", str(tmp_path / "unclaimed.backup"))
    review(browser, (tmp_path / "unclaimed.backup").read_bytes())
    before = install_keyring.get_keyring()
    assert confirm(browser, drop="on") == 302, browser.text
    install_keyring._unlocked.keep(before)  # as in another process, which has not loaded the restored hub yet
    assert browser.get("/setup/") == 302
    assert browser.location == "/setup/mode/", "the session is signed with a key from the restored keyring"
    for name, data in LOCAL.items():
        browser.fill(name, data)
    assert browser.finish() == 302
    assert (get_config().log_level, get_config().setup_completed) == ("debug", True)


def test_a_claim_removes_an_upload_that_was_not_restored(browser: Browser, content: bytes) -> None:
    review(browser, content)
    for name, data in LOCAL.items():
        browser.fill(name, data)
    browser.finish()
    assert not upload.path().exists()


def test_a_keyring_that_nothing_unlocks_is_given_up_in_the_wizard(browser: Browser) -> None:
    plan({"workos_cookie_password": cookie_password()}).apply()  # as the first start does
    with locked_here():
        browser.client.cookies["hub_unlock_later"] = "1"
        browser.fill_all()
        assert browser.get("/setup/review/") == 200
        assert 'href="/setup/keys/"' in browser.body
        before = rows("SELECT * FROM system_config")
        assert browser.get("/setup/keys/") == 200
        assert browser.post("/setup/keys/") == 200
        assert "Tick the box" in browser.text
        assert rows("SELECT * FROM system_config") == before
        assert browser.post("/setup/keys/", {"confirm": "on"}) == 200
        assert "The secrets were dropped" in browser.text
        assert browser.finish() == 302, browser.text
        assert get_config().setup_completed
        browser.keep_code()


def test_keys_that_open_are_never_given_up(browser: Browser) -> None:
    before = known()
    assert (browser.get("/setup/keys/"), browser.post("/setup/keys/", {"confirm": "on"})) == (302, 302)
    assert known() == before
    assert draft.load().steps == {}
