"""The values that the wizard's pages show before any input (S9)."""

from __future__ import annotations

import re

import pytest

from config_app.change.plan import plan
from config_app.propagation import receipts
from tests.support.browsers.wizard_walk import (
    ACCOUNT,
    ADMIN,
    CREDENTIALS,
    LOCAL,
    MODE,
    NETWORK,
    Browser,
    errors_of,
    value_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(transactional_db: None, install: None) -> Browser:
    """Give a browser that has entered the token of an unclaimed install."""
    browser = Browser()
    browser.unlock()
    return browser


def test_an_imported_secret_need_not_be_entered(browser: Browser) -> None:
    plan({"workos_api_key": "sk_test_imported1", "workos_client_id": "client_imported"}).apply()
    browser.get("/setup/mode/")
    assert re.search(r'value="workos" checked', browser.body)
    browser.fill("mode", {"app_mode": "workos"})
    browser.get("/setup/credentials/")
    assert value_of(browser.body, "workos_client_id") == "client_imported"
    browser.fill("credentials", CREDENTIALS | {"workos_api_key": ""})


def test_the_administrator_stays_among_the_super_admins(browser: Browser) -> None:
    for name in ("mode", "account", "network"):
        browser.fill(name, LOCAL[name])
    browser.get("/setup/security/")
    assert value_of(browser.body, "super_admin_emails") == ADMIN
    assert browser.post("/setup/security/", {"super_admin_emails": "eve@example.com"}) == 200
    assert ADMIN in errors_of(browser.body)[0]


def test_a_corrected_address_is_corrected_among_the_super_admins_too(browser: Browser) -> None:
    for name, data in LOCAL.items():
        browser.fill(name, data)
    browser.fill("account", ACCOUNT | {"email": "ada.l@example.com"})
    browser.get("/setup/security/")
    assert value_of(browser.body, "super_admin_emails") == "ada.l@example.com"


def test_steps_are_prefilled_from_the_configuration(browser: Browser) -> None:
    changes = {"port": 9123, "allowed_origins": "https://a.example", "super_admin_emails": "boss@example.com"}
    plan(changes).apply()
    browser.fill("mode", MODE)
    browser.get("/setup/account/")
    assert value_of(browser.body, "email") == "boss@example.com"
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert value_of(browser.body, "port") == "9123"
    browser.fill("network", NETWORK)
    browser.get("/setup/security/")
    assert value_of(browser.body, "allowed_origins") == "https://a.example"
    assert value_of(browser.body, "super_admin_emails") == f"{ADMIN}\nboss@example.com"


def test_the_network_step_is_prefilled_from_the_listener_in_use(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts.describe("worker", {"bind_address": "127.0.0.9", "port": "9200"})
    receipts.sign()
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert value_of(browser.body, "bind_address") == "127.0.0.9"
    assert value_of(browser.body, "port") == "9200"


def test_the_public_address_is_prefilled_from_the_address_in_use(browser: Browser) -> None:
    plan({"allowed_hosts": "hub.example.com"}).apply()
    browser = Browser(HTTP_HOST="hub.example.com:8443")
    browser.unlock()
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert value_of(browser.body, "public_url") == "http://hub.example.com:8443"


@pytest.mark.parametrize("host", ["127.0.0.1:8884", "localhost:8884", "[::1]:8884", "[::1]"])
def test_this_machine_is_no_public_address(browser: Browser, host: str) -> None:
    browser = Browser(HTTP_HOST=host)
    browser.unlock()
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert value_of(browser.body, "public_url") == ""


def test_what_the_import_left_out_is_said_until_it_was_entered(browser: Browser) -> None:
    plan({}, refusals={"port": "HUB_PORT of .env was not imported, expected a whole number"}).apply()
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    browser.get("/setup/network/")
    assert "HUB_PORT of .env was not imported" in browser.text
    browser.fill("network", NETWORK)
    browser.get("/setup/network/")
    assert "was not imported" not in browser.text
