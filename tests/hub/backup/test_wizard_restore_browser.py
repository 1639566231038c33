"""A hub moves house in Chromium: the wizard restores a backup or an export on an empty machine (R10, K9)."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import (
    browser,
    fill_in_sign_in,
    finish_from_the_account,
    keep_code,
    look,
    visiting,
)
from tests.support.browsers.wizard_walk import value_of
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess, hub_of_a_module
from tests.support.processes.served_hub import post, visitor
from tests.support.soak import times

__all__ = ["browser"]  # a fixture

CANARY = "sk_canary_f00dcafe"
SAM = "sam@example.com"
PASSPHRASE = "four words of a passphrase"
OTHER_PERSON = f"""
from hub.models import User
User.objects.create_user({SAM!r}, {PASSWORD!r}, name="Sam")
"""
SECRETS = ("workos_api_key", "workos_cookie_password", "reload_webhook_secret")


@pytest.fixture(scope="module")
def source() -> Iterator[HubProcess]:
    """Give a claimed hub with several secrets and two accounts, which no test changes."""
    with hub_of_a_module() as hub:
        hub.claim()
        hub.config("set", "log_level=debug", "allowed_origins=https://a.example,https://b.example")
        for key, secret in (
            ("workos_api_key", CANARY),
            ("reload_webhook_secret", "a-canary-of-many-letters"),
        ):
            hub.manage("config", "set", key, "--stdin", text=secret)
        hub.manage("shell", "-v", "0", "-c", OTHER_PERSON)
        hub.config("recovery-code", "--file", "recovery-code")
        yield hub


def shown(hub: HubProcess, *others: str) -> dict[str, Any]:
    """Return the settings as ``config show --json`` prints them, without ``others``, and each secret."""
    settings = json.loads(hub.config("show", "--json"))["settings"]
    secrets = {key: hub.config("get", key, "--reveal") for key in SECRETS}
    return {key: found for key, found in settings.items() if key not in others} | {"secrets": secrets}


@contextlib.contextmanager
def served(hub: HubProcess) -> Iterator[None]:
    """Serve an empty hub; stop it also if it does not answer."""
    with hub:
        hub.bring_up()
        hub.serve(workers=2)
        yield


def open_restore(page: Page, hub: HubProcess) -> None:
    page.goto(hub.manage("setup_token").split()[-1])
    page.get_by_role("link", name="Restore a backup or an export").click()


def expect_signed_in(page: Page, email: str) -> None:
    expect(page.locator("body")).to_contain_text(email)


def sign_in(browser: Browser, hub: HubProcess, email: str) -> None:
    with visiting(browser) as guest:
        guest.page.goto(f"{hub.url}/auth/login")
        fill_in_sign_in(guest.page, email)
        expect_signed_in(guest.page, email)


@pytest.mark.repeats
def test_a_backup_moves_to_the_other_database_and_back(
    source: HubProcess, browser: Browser, tmp_path: Path, postgresql_server: PostgreSQL
) -> None:
    of_an_install = ("database_path", "install_id")
    before, code = shown(source, *of_an_install), (source.folder / "recovery-code").read_text().strip()
    server = HubProcess(tmp_path / "server", database_url=postgresql_server.new_database())
    back = HubProcess(tmp_path / "back")
    for origin, hub in ((source, server), (server, back))[: times(1, 2)]:  # only make soak goes back
        file = tmp_path / f"{hub.folder.name}.backup"
        origin.manage("backup", str(file))
        with served(hub):
            restore_in_browser(browser, hub, file, code)
            sign_in(browser, hub, SAM)
        assert shown(hub, *of_an_install) == before


def restore_in_browser(browser: Browser, hub: HubProcess, file: Path, code: str) -> None:
    with visiting(browser) as guest:
        page = guest.page
        open_restore(page, hub)
        look(guest, "restore")
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Restore this backup?")).to_be_visible()
        look(guest, "restore-review")
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_text("Enter the code, or tick the box below.").first).to_be_visible()
        page.get_by_label("Recovery code or shared key").fill(code)
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_role("heading", name="This hub is restored")).to_be_visible()
        look(guest, "restored")
        page.get_by_role("link", name="Sign in").click()
        fill_in_sign_in(page, OWNER)
        expect_signed_in(page, OWNER)
        assert guest.complaints == []


def csrf_token(client: httpx2.Client) -> str:
    (found,) = (value for name, value in client.cookies.items() if name.startswith("csrftoken-"))
    return found


def test_every_worker_knows_the_browser_after_the_restore_of_an_unclaimed_hub(
    started_hub: HubProcess, tmp_path: Path
) -> None:
    """The restore brings another keyring, and Django signs the sessions with a key that follows from it."""
    other, file, code = HubProcess(tmp_path / "other"), tmp_path / "hub.backup", tmp_path / "code"
    other.bring_up()
    other.config("recovery-code", "--file", str(code))
    other.manage("backup", str(file))
    started_hub.serve(workers=3)
    token = started_hub.manage("setup_token").strip().partition("#token=")[2]
    with visitor(started_hub) as client:
        post(client, "/setup/", "/setup/", token=token)
        form = {"csrfmiddlewaretoken": csrf_token(client)}
        client.post("/setup/restore/", data=form, files={"file": file.read_bytes()})
        mark = value_of(client.get("/setup/restore/backup/").text, "fingerprint")
        fields = {"fingerprint": mark, "code": code.read_text()}
        done = post(client, "/setup/restore/backup/", "/setup/restore/backup/", **fields)
        assert done.headers["location"] == "/setup/"
        found = {client.get("/setup/").headers.get("location") for _ in range(30)}
    assert found == {"/setup/mode/"}


def test_a_large_upload_is_read_and_one_over_the_limit_is_refused_with_the_way_forward(
    started_hub: HubProcess,
) -> None:
    started_hub.serve(workers=1)
    token = started_hub.manage("setup_token").strip().partition("#token=")[2]
    with visitor(started_hub) as client:
        post(client, "/setup/", "/setup/", token=token)
        form = {"csrfmiddlewaretoken": csrf_token(client)}
        large = {"file": b"x" * (3 * 1024 * 1024)}
        answer = client.post("/setup/restore/", data=form, files=large)
        assert answer.status_code == 200
        assert "expected a file that begins with" in answer.text
        assert client.post("/setup/mode/", data=form, files=large).status_code == 413
    start = b"POST /setup/restore/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", started_hub.port), timeout=10) as connection:
        connection.sendall(start)
        refused = b""
        while b"FILE." not in refused and (part := connection.recv(4096)):
            refused += part
    assert refused.startswith(b"HTTP/1.1 413 ")
    assert (
        b"The file is larger than 64 MB. Copy it to the server, and run ./manage.py restore FILE." in refused
    )


def complete(page: Page) -> None:
    """Complete the steps with the imported values, and claim the hub."""
    page.wait_for_url("**/setup/mode/")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/setup/account/")
    expect(page.get_by_label("E-mail address")).to_have_value(OWNER)
    for box in page.locator("input[type=password]").all():
        box.fill(PASSWORD)
    finish_from_the_account(page)


def test_an_export_is_imported_and_the_setup_goes_on(
    source: HubProcess, browser: Browser, tmp_path: Path
) -> None:
    of_a_machine = ("database_path", "install_id", "bind_address", "port")
    before, file = shown(source, *of_a_machine), tmp_path / "export.json"
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    source.config("export", str(file), "--secrets", "--passphrase-file", str(tmp_path / "passphrase"))
    hub = HubProcess(tmp_path / "empty")
    with served(hub), visiting(browser) as guest:
        page = guest.page
        open_restore(page, hub)
        page.get_by_label("File").set_input_files(file)
        page.get_by_label("Passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_label("Log Level")).to_be_checked()
        look(guest, "import-review")
        assert CANARY not in page.content()
        page.get_by_role("button", name="Continue").click()
        complete(page)
        keep_code(page)
        assert guest.complaints == []
        sign_in(browser, hub, OWNER)
    assert shown(hub, *of_a_machine) == before
