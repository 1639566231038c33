"""Export and import in the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config_app.api import UNSET, get_config, plan, reload_config
from config_app.transfer import passphrase
from hub.models import User
from tests.support.browsers.editor import EDITOR, browser, fields_of, last_revision, staff, text_of

PASSWORD = "correct horse battery staple"
PASSPHRASE = "several words in a row"
CANARY = "sk_canary_f00dcafe"
INVALID = b'{"format": "config-export", "version": 1, "settings": {"log_level": "no"}}'
PAGE = f"{EDITOR}transfer/"


@pytest.fixture(autouse=True)
def _cheap_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(passphrase.COST, "n", 2**10)


@pytest.fixture
def client(owner: User) -> Client:
    plan({"log_level": "debug", "allowed_origins": ["https://a.example"], "workos_api_key": CANARY}).apply()
    return browser(owner)


def export(client: Client, **fields: str) -> Any:
    return client.post(f"{PAGE}export/", fields)


def with_secrets(client: Client, **fields: str) -> Any:
    words = {"secrets": "on", "passphrase": PASSPHRASE, "again": PASSPHRASE}
    return export(client, **words, **fields)


def upload(client: Client, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("staging.json", content, "application/json")
    return client.post(f"{PAGE}review/", {"file": file, **fields})


def confirm(client: Client, page: Any, **fields: Any) -> Any:
    chosen = [change.key for change in page.context["changes"]]
    return client.post(f"{PAGE}import/", {**fields_of(page.context["form"]), "chosen": chosen, **fields})


def test_the_download_has_no_secret(client: Client) -> None:
    response = export(client)
    assert response["Content-Disposition"] == 'attachment; filename="configuration.json"'
    assert "no-store" in response["Cache-Control"]
    found = response.json()
    assert found["settings"]["log_level"] == "debug"
    assert "workos_api_key" in found["omitted"]
    assert CANARY not in response.content.decode()
    assert "port" not in found["settings"]


def test_what_belongs_to_a_machine_comes_along_if_asked(client: Client) -> None:
    plan({"port": 9001}).apply()
    assert export(client, machine="on").json()["settings"]["port"] == 9001


def test_an_import_shows_its_changes_and_then_makes_one_revision(client: Client) -> None:
    exported = export(client).content
    plan({"log_level": UNSET, "allowed_origins": UNSET, "server_workers": 3}).apply()
    before = last_revision().number
    page = upload(client, exported)
    assert "2 settings would change" in text_of(page)
    assert last_revision().number == before
    assert confirm(client, page).status_code == 302
    found = reload_config()
    assert (found.log_level, found.server_workers) == ("debug", 3)
    made = last_revision()
    assert (made.number, made.channel, made.reason) == (before + 1, "admin", "Import of staging.json")


def test_only_the_chosen_changes_are_made(client: Client) -> None:
    exported = export(client).content
    plan({"log_level": UNSET, "allowed_origins": UNSET}).apply()
    confirm(client, upload(client, exported), chosen=["log_level"])
    found = reload_config()
    assert (found.log_level, found.allowed_origins) == ("debug", ())


def test_replace_returns_other_settings_to_their_default(client: Client) -> None:
    exported = export(client).content
    plan({"server_workers": 3}).apply()
    confirm(client, upload(client, exported, replace="on"))
    assert reload_config().server_workers == 2


def test_secrets_travel_under_the_passphrase(client: Client) -> None:
    exported = with_secrets(client).content
    assert CANARY.encode() not in exported
    plan({"workos_api_key": "sk_other_key_1234"}).apply()
    page = upload(client, exported, passphrase=PASSPHRASE)
    assert CANARY not in page.content.decode()
    assert CANARY not in json.dumps(fields_of(page.context["form"]))
    confirm(client, page)
    assert reload_config().workos_api_key.reveal() == CANARY


def test_the_document_of_one_person_is_of_no_use_to_another(client: Client, other_owner: Client) -> None:
    page = upload(client, with_secrets(client).content, passphrase=PASSPHRASE)
    answer = other_owner.post(
        f"{PAGE}import/", {**fields_of(page.context["form"]), "chosen": ["workos_api_key"]}
    )
    assert "choose the file again" in text_of(answer)


@pytest.fixture
def viewer(owner: User) -> Client:
    return browser(staff("view_systemconfig"))


@pytest.fixture
def editor(owner: User) -> Client:
    return browser(staff("change_systemconfig"))


@pytest.fixture
def other_owner(owner: User) -> Client:
    other = User.objects.create_user("other@example.com", PASSWORD)
    plan({"super_admin_emails": [owner.email, other.email]}).apply()
    return browser(other)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"passphrase": "short", "again": "short"}, "expected at least 12 characters"),
        ({"passphrase": PASSPHRASE, "again": "another one here"}, "The two passphrases differ"),
        ({}, "expected at least 12 characters"),
    ],
)
def test_a_bad_passphrase_is_named_and_nothing_is_exported(
    client: Client, fields: dict[str, str], expected: str
) -> None:
    response = export(client, secrets="on", **fields)
    assert "Content-Disposition" not in response
    assert expected in text_of(response)


@pytest.mark.parametrize(
    ("content", "fields", "expected"),
    [
        (b"", {}, "empty"),
        (b"{", {}, "not valid JSON"),
        (b"\xff\xff", {}, "not UTF-8"),
        (b" " * (1024 * 1024 + 1), {}, "larger than 1024 KB"),
        (
            b'{"format": "config-export", "version": 1, "settings": {"log_level": "no"}}',
            {},
            "log_level: expected",
        ),
    ],
)
def test_a_bad_file_is_named_and_nothing_changes(
    client: Client, content: bytes, fields: dict[str, str], expected: str
) -> None:
    before = last_revision().number
    assert expected.lower() in text_of(upload(client, content, **fields)).lower()
    assert last_revision().number == before


def test_an_encrypted_file_needs_its_passphrase(client: Client) -> None:
    exported = with_secrets(client).content
    assert "enter its passphrase" in text_of(upload(client, exported))
    assert "the passphrase is wrong" in text_of(upload(client, exported, passphrase="several other words"))


def test_a_page_that_is_out_of_date_shows_the_changes_again(client: Client) -> None:
    exported = export(client).content
    plan({"log_level": UNSET, "allowed_origins": UNSET}).apply()
    page = upload(client, exported)
    plan({"server_workers": 3}).apply()
    again = confirm(client, page)
    assert "Nothing was changed" in text_of(again)
    assert get_config().log_level == "info"
    confirm(client, again)
    assert reload_config().log_level == "debug"


def test_people_who_may_only_look_can_download_but_not_import(client: Client, viewer: Client) -> None:
    assert export(viewer).json()["settings"]["log_level"] == "debug"
    assert "Import</h2>" not in viewer.get(PAGE).content.decode()
    assert upload(viewer, b"{}").status_code == 403
    assert viewer.post(f"{PAGE}import/").status_code == 403


def test_only_super_admins_can_export_secrets(client: Client, editor: Client) -> None:
    assert "Passphrase" in text_of(client.get(PAGE))
    assert "Include the secrets" not in text_of(editor.get(PAGE))
    assert "workos_api_key" in with_secrets(editor).json()["omitted"]


def test_the_export_of_secrets_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with_secrets(client)
    assert "exported the secrets of revision" in caplog.text
    assert CANARY not in caplog.text
