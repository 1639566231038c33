"""Settings for the listener: one vocabulary, addresses that can be bound, and clear errors in forms."""

from __future__ import annotations

import socket

import pytest

from config_app.api import get_config, plan
from config_app.errors import UnknownSetting
from hub.runtime_config import schema
from hub.serving.listen_address import listener
from tests.support.browsers.wizard_walk import ACCOUNT, MODE, NETWORK, Browser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("transactional_db", "install")]


def at_the_network_step() -> Browser:
    browser = Browser()
    browser.unlock()
    browser.post("/setup/mode/", MODE)
    browser.post("/setup/account/", ACCOUNT)
    return browser


def test_saving_the_network_settings_leads_on() -> None:
    browser = at_the_network_step()
    assert browser.post("/setup/network/", NETWORK | {"port": "9001"}) == 302
    assert browser.location == "/setup/security/"


def test_a_network_setting_that_cannot_be_saved_is_said_on_the_page() -> None:
    browser = at_the_network_step()
    assert browser.post("/setup/network/", NETWORK | {"port": "banana"}) == 200
    assert "a whole number from 1 to 65535" in browser.text


@pytest.mark.parametrize("word", ["host", "hub_host", "address"])
def test_the_bind_address_has_one_name(word: str) -> None:
    with pytest.raises(UnknownSetting):
        schema[word]


def test_the_default_listener_can_be_bound() -> None:
    with socket.create_server((schema.defaults.host, 0)) as server:
        assert server.getsockname()[0] == "127.0.0.1"
    assert listener(schema.defaults.host, schema.defaults.port) == "127.0.0.1:8884"


@pytest.mark.parametrize(
    ("text", "bound"),
    [("192.0.2.1", "192.0.2.1:8884"), ("::1", "[::1]:8884"), ("[::]", "[::]:8884")],
)
def test_an_address_is_stored_as_it_is_bound(text: str, bound: str) -> None:
    plan({"bind_address": text}).apply()
    assert listener(get_config().host, get_config().port) == bound
