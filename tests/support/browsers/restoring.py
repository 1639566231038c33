"""A backup of a claimed hub, and a browser that restores it in the wizard of an empty hub in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from setup_wizard.claiming import upload
from tests.support.browsers.wizard_walk import Browser
from tests.support.install_facts import facts
from tests.support.processes.hub_process import HubProcess

CANARY = "sk_canary_f00dcafe"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """Return a claimed hub with a secret, and its backup in ``hub.backup``."""
    hub = HubProcess(tmp_path_factory.mktemp("source"))
    hub.claim()
    hub.config("set", "log_level=debug")
    hub.manage("config", "set", "workos_api_key", "--stdin", text=CANARY)
    hub.config("recovery-code", "--file", "recovery-code")
    hub.manage("backup", str(hub.folder / "hub.backup"))
    return hub


@pytest.fixture
def content(source: HubProcess) -> bytes:
    return (source.folder / "hub.backup").read_bytes()


@pytest.fixture
def code(source: HubProcess) -> str:
    return (source.folder / "recovery-code").read_text().strip()


@pytest.fixture
def browser(transactional_db: None, install: None) -> Iterator[Browser]:
    """Give a browser that has entered the setup token, on another machine than that of the backup."""
    browser = Browser()
    browser.unlock()
    yield browser
    upload.discard()


def send(browser: Browser, content: bytes, **fields: str) -> int:
    file = SimpleUploadedFile("hub.backup", content)
    browser.response = browser.client.post("/setup/restore/", {"file": file, **fields})
    return int(browser.response.status_code)


def review(browser: Browser, content: bytes) -> None:
    assert send(browser, content) == 302, browser.text
    assert browser.get(browser.location) == 200


def confirm(browser: Browser, **fields: str) -> int:
    return browser.post("/setup/restore/backup/", {"fingerprint": upload.fingerprint(), **fields})


def known() -> dict[str, Any]:
    """Return the facts of the install, which a refused restore must not change."""
    return {key: value for key, value in facts().items() if key != "sessions"}
