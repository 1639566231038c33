"""The last page shows the recovery code until the person says that they have kept it (K9)."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session

from config_app.declaration.secret import Secret
from config_app.encryption.recovery_codes import read_code
from config_app.encryption.slot_management import new_recovery_code, unlock_with
from config_app.encryption.unlockers import RecoveryUnlocker
from config_app.models import KeySlot
from config_app.presentation.keyring import recovery
from hub.runtime_config import get_config
from tests.support.browsers.wizard_walk import NETWORK, Browser
from tests.support.databases.raw_sql import rows
from tests.support.keys import locked_here


@pytest.fixture
def browser(transactional_db: None, install: None) -> Browser:
    """Give a browser that has just claimed the hub in local mode."""
    browser = Browser()
    browser.fill_all()
    browser.finish()
    return browser


def shown(browser: Browser) -> list[str]:
    assert browser.get("/welcome/") == 200
    return re.findall(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}", browser.text)


def test_the_code_of_the_claim_unlocks_the_hub(browser: Browser) -> None:
    code = browser.keep_code()
    with locked_here():
        assert get_config().workos_cookie_password is None
        unlock_with(RecoveryUnlocker(read_code(Secret(code))))
    assert KeySlot.objects.filter(kind="recovery").count() == 1


def test_the_code_stays_until_the_box_is_ticked_and_is_then_gone(browser: Browser) -> None:
    (code,) = shown(browser)
    assert "Open the dashboard" not in browser.text
    browser.response = browser.client.post("/welcome/", SERVER_PORT="8884")  # at the hub's own address
    assert "Save the code, then tick the box" in browser.text
    assert 'name="kept"' in browser.body
    assert shown(browser) == [code]
    assert browser.keep_code() == code
    assert "Open the dashboard" in browser.text
    assert shown(browser) == []


def codes_of_problems() -> set[str]:
    return {problem.code for problem in recovery(get_config())}


def test_until_the_code_is_kept_it_needs_attention(browser: Browser) -> None:
    assert codes_of_problems() == {"recovery_code_unconfirmed"}
    shown(browser)
    browser.client.post("/welcome/", SERVER_PORT="8884")  # without the tick
    assert codes_of_problems() == {"recovery_code_unconfirmed"}
    browser.get("/")
    assert "No one has confirmed that they have kept the recovery code" in browser.text
    browser.keep_code()
    assert codes_of_problems() == set()


def test_a_new_code_from_a_terminal_settles_it(browser: Browser) -> None:
    new_recovery_code(lambda _code: None)
    assert codes_of_problems() == set()


def test_the_code_can_be_copied_and_downloaded(browser: Browser) -> None:
    (code,) = shown(browser)
    assert f'download="recovery-code.txt" href="data:text/plain,{code}"' in browser.body
    assert 'data-copy="recovery-code"' in browser.body


def test_the_database_has_the_code_only_in_encrypted_form(browser: Browser) -> None:
    (code,) = shown(browser)
    for session in Session.objects.all():
        assert code not in str(session.get_decoded())
    assert code not in str(rows("SELECT * FROM config_key_slot"))


def test_no_other_browser_sees_the_code(browser: Browser) -> None:
    assert Browser().get("/welcome/") == 302


def test_at_a_new_address_the_code_is_kept_there(transactional_db: None, install: None) -> None:
    browser = Browser()
    browser.fill_all()
    browser.fill("network", NETWORK | {"port": "9001"})
    browser.finish()
    assert len(shown(browser)) == 1
    assert "http://127.0.0.1:9001/welcome/" in browser.body
    assert 'name="kept"' not in browser.body
