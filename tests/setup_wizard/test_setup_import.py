"""The wizard imports an export: its settings prefill the steps, and take effect with the claim (R10, S4)."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.transfer.document import Document
from config_app.transfer.passphrase import encrypt
from config_app.transfer.uploads import MOST_BYTES
from hub.runtime_config import get_config
from setup_wizard.claiming import draft
from tests.support.browsers.wizard_walk import ACCOUNT, ADMIN, LOCAL, Browser, value_of
from tests.support.databases.raw_sql import rows
from tests.support.install_facts import facts

CANARY = "sk_canary_f00dcafe"
PASSPHRASE = "four words of a passphrase"
SETTINGS = {
    "app_mode": "local",
    "local_admin_email": ADMIN,
    "super_admin_emails": [ADMIN, "sam@example.com"],
    "log_level": "debug",
    "allowed_origins": ["https://a.example"],
    "public_url": "https://hub.example.com",
    "workos_api_key": CANARY,
}


@pytest.fixture
def browser(transactional_db: None, install: None) -> Browser:
    """Give a browser that has entered the setup token."""
    browser = Browser()
    browser.unlock()
    return browser


def exported(**changes: Any) -> str:
    settings = {key: value for key, value in (SETTINGS | changes).items() if value is not None}
    return Document(settings=settings, revision=7, exported_at="2026-11-29T12:00:00+00:00").as_text()


@functools.cache
def sealed() -> str:
    """Return an encrypted export. Encryption takes half a second, so all tests use the same one."""
    return encrypt(exported(), Secret(PASSPHRASE))


def send(browser: Browser, text: str, passphrase: str = "") -> int:
    file = SimpleUploadedFile("export.json", text.encode())
    browser.response = browser.client.post("/setup/restore/", {"file": file, "passphrase": passphrase})
    return int(browser.response.status_code)


def ticked(browser: Browser) -> list[str]:
    return re.findall(r'name="chosen" value="(\w+)"[^>]* checked', browser.body)


def accept(browser: Browser, *chosen: str) -> int:
    """Import the chosen settings of the reviewed export, or all of them."""
    document, keys = html.unescape(value_of(browser.body, "document")), chosen or ticked(browser)
    browser.response = browser.client.post(
        "/setup/restore/import/", {"document": document, "chosen": list(keys)}
    )
    return int(browser.response.status_code)


def known() -> dict[str, Any]:
    return {key: value for key, value in facts().items() if key != "sessions"}


def test_the_review_masks_secrets_and_changes_nothing(browser: Browser) -> None:
    before = known()
    assert send(browser, sealed(), PASSPHRASE) == 200, browser.text
    assert known() == before
    assert "The export contains revision 7, from 2026-11-29T12:00:00+00:00" in browser.text
    assert set(ticked(browser)) == SETTINGS.keys() - {"app_mode", "local_admin_email"}
    assert "https://hub.example.com" in browser.text
    assert CANARY not in browser.body


def test_the_steps_are_prefilled_and_the_claim_makes_everything_at_once(browser: Browser) -> None:
    send(browser, sealed(), PASSPHRASE)
    revisions = len(facts()["history"])
    assert accept(browser) == 302, browser.text
    assert get_config().log_level == "info"
    assert CANARY not in str(rows("SELECT * FROM setup_draft"))
    assert browser.get("/setup/") == 302
    assert browser.location == "/setup/mode/"
    browser.fill("mode", LOCAL["mode"])
    browser.get("/setup/account/")
    assert value_of(browser.body, "email") == ADMIN
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert value_of(browser.body, "public_url") == "https://hub.example.com"
    browser.fill("network", LOCAL["network"] | {"public_url": "https://hub.example.com"})
    browser.get("/setup/security/")
    assert value_of(browser.body, "super_admin_emails") == f"{ADMIN}\nsam@example.com"
    listed = {"super_admin_emails": f"{ADMIN}\nsam@example.com", "allowed_origins": "https://a.example"}
    browser.fill("security", listed)
    browser.get("/setup/review/")
    assert "Imported settings" in browser.text
    assert CANARY not in browser.body
    assert browser.finish() == 302, browser.text
    config = get_config()
    assert (config.log_level, config.workos_api_key) == ("debug", Secret(CANARY))
    assert config.super_admin_emails == (ADMIN, "sam@example.com")
    assert len(facts()["history"]) == revisions + 1, "the claim is one revision"


def test_only_the_ticked_settings_are_imported(browser: Browser) -> None:
    send(browser, exported(workos_api_key=None))
    assert accept(browser, "log_level") == 302, browser.text
    assert draft.load().values() == {"log_level": "debug"}


def test_the_mode_of_the_export_is_proposed(browser: Browser) -> None:
    send(browser, exported(app_mode="workos", workos_client_id="client_123"))
    accept(browser)
    browser.get("/setup/mode/")
    assert re.search(r'value="workos" checked', browser.body)


def test_what_a_person_enters_wins_over_the_import(browser: Browser) -> None:
    send(browser, exported())
    accept(browser)
    for name, data in LOCAL.items():
        browser.fill(name, data | ({"public_url": ""} if name == "network" else {}))
    browser.finish()
    assert (get_config().public_url, get_config().super_admin_emails) == ("", (ADMIN,))


def test_an_import_is_not_passed_on_to_the_next_holder(browser: Browser) -> None:
    """An earlier holder may be a stranger, whose super admins and secrets must not get rights (S3)."""
    send(browser, exported())
    accept(browser)
    other = Browser()
    other.unlock()
    assert (draft.load().texts, draft.load().secrets) == ({}, {})
    other.fill_all()
    other.finish()
    assert (get_config().super_admin_emails, get_config().workos_api_key) == ((ADMIN,), None)


def test_another_holder_cannot_use_a_reviewed_document(browser: Browser) -> None:
    send(browser, sealed(), PASSPHRASE)
    document = value_of(browser.body, "document")
    assert document.startswith("sealed:")
    other = Browser()
    other.unlock()
    assert other.post("/setup/restore/import/", {"document": document, "chosen": "log_level"}) == 200
    assert "this page no longer contains the file; choose the file again" in other.text
    assert draft.load().texts == {}


def altered(text: str) -> str:
    members = json.loads(text)
    members["settings"]["log_level"] = "error"
    return json.dumps(members)


@pytest.mark.parametrize(
    ("text", "passphrase", "said"),
    [
        (sealed, "", "it is encrypted; choose the file again"),
        (
            encrypt(exported(), Secret(PASSPHRASE)),
            "wrong",
            "the passphrase is wrong, or the file was altered",
        ),
        (exported()[:-40], "", "is not valid JSON, or the file is cut off"),
        (altered(exported()), "", "its checksum is wrong, so the file was altered"),
        (exported().replace('"version": 1', '"version": 2'), "", "its format has version 2"),
        (exported(log_level="banana"), "", "log_level: expected"),
        (exported(no_such_setting=1), "", "no_such_setting: no such setting"),
        ("{" + " " * MOST_BYTES, "", "it is larger than 1024 KB; import it with manage.py config import"),
    ],
)
def test_an_export_that_cannot_be_imported_gets_one_line(
    browser: Browser, text: str | Callable[[], str], passphrase: str, said: str
) -> None:
    before = known()
    assert send(browser, text if isinstance(text, str) else text(), passphrase) == 200
    assert said in browser.text
    assert "Choose a file." in browser.text
    assert known() == before


def test_a_setting_that_is_already_so_is_not_listed(browser: Browser) -> None:
    plan({"log_level": "debug"}).apply()
    send(browser, exported())
    assert "log_level" not in ticked(browser)
