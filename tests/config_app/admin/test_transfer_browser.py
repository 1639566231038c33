"""Export and import in Chromium: a downloaded file is uploaded again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import PHONE, WIDE, browser, hub, photograph, visiting
from tests.support.browsers.signed_in import sign_in
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import times

__all__ = ["browser", "hub"]  # fixtures

PAGE = "/admin/config_app/systemconfig/transfer/"
PASSPHRASE = "several words in a row"


def export_with_secrets(page: Page, file: Path) -> None:
    page.get_by_label("Include the secrets").check()
    page.get_by_label("Passphrase", exact=True).first.fill(PASSPHRASE)
    page.get_by_label("The same passphrase again").fill(PASSPHRASE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(file)
    assert "ciphertext" in json.loads(file.read_text())


def review(page: Page, file: Path) -> None:
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Passphrase", exact=True).last.fill(PASSPHRASE)
    page.get_by_role("button", name="Review the import").click()


@pytest.mark.repeats
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (WIDE, "light")][: times(1, 2)])
def test_a_downloaded_file_brings_everything_back(
    hub: HubProcess, browser: Browser, tmp_path: Path, size: tuple[int, int], scheme: Any
) -> None:
    hub.config("set", "log_level=debug", "workos_authkit_domain=https://acme.authkit.app", "--wait")
    hub.manage("config", "set", "workos_api_key", "--stdin", "--wait", text="sk_canary_f00dcafe")
    with visiting(browser, size, scheme, base_url=hub.url) as visitor:
        page = visitor.page
        sign_in(page, hub)
        page.goto("/admin/config_app/systemconfig/")
        page.get_by_role("link", name="Export and import").click()
        photograph(page, f"transfer-{size[0]}-{scheme}")
        assert not visitor.is_clipped()
        export_with_secrets(page, tmp_path / "export.json")
        hub.config("set", "log_level=info", "--wait")
        hub.config("unset", "workos_api_key", "workos_authkit_domain", "--wait")
        review(page, tmp_path / "export.json")
        expect(page.get_by_role("heading", name="3 settings would change")).to_be_visible()
        photograph(page, f"import-review-{size[0]}-{scheme}")
        assert not visitor.is_clipped()
        page.get_by_label("Log Level").uncheck()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.locator(".messagelist")).to_contain_text("WorkOS API Key not set")
        assert hub.config("get", "workos_api_key", "--reveal") == "sk_canary_f00dcafe"
        assert hub.config("get", "log_level") == "info"
        assert visitor.complaints == []
