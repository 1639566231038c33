"""Secrets in the configuration editor are write-only (K6), and their values appear nowhere (K5)."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest
from django.test import Client

from config_app.api import plan
from config_app.encryption import install_keyring
from config_app.models import Change, SystemConfig
from hub.models import User
from hub.runtime_config import schema
from tests.support.browsers.editor import EDITOR, HISTORY, PREVIEW, Editor, browser, last_revision, stored

CANARY = "sk_canary_f00dcafe"
REPLACEMENT = "sk_replacement_0001"
SECRETS = [setting.key for setting in schema.settings.values() if setting.is_secret]


@pytest.fixture
def client(owner: User) -> Client:
    """Store a secret and give the owner's browser."""
    plan({"workos_api_key": CANARY}).apply(actor="grace")
    return browser(owner)


def leaks(content: bytes, secret: str = CANARY) -> bool:
    raw = secret.encode()
    return any(form in content for form in (raw, base64.b64encode(raw).rstrip(b"="), quote(secret).encode()))


def row(content: bytes, key: str) -> str:
    """Return the part of the page about one setting."""
    return content.decode().partition(f'id="setting-{key}"')[2].partition("data-cfg-setting=")[2][:4000]


def test_the_page_says_that_a_secret_is_set_and_who_changed_it_when(client: Client) -> None:
    page = row(client.get(EDITOR).content, "workos_api_key")
    assert "Set. Leave blank to keep the stored value" in page
    assert "by grace" in page
    assert "<time datetime=" in page


def test_a_secret_that_is_not_set_says_so_and_offers_no_clear(client: Client) -> None:
    page = client.get(EDITOR).content.decode()
    assert "_clear_reload_webhook_secret" not in page
    assert "_clear_workos_api_key" in page


@pytest.mark.parametrize("key", SECRETS)
def test_the_input_of_a_secret_is_always_empty_and_masked(client: Client, key: str) -> None:
    tag = re.search(rf'<input[^>]*name="{key}"[^>]*>', client.get(EDITOR).content.decode())
    assert tag is not None
    assert 'type="password"' in tag[0]
    assert "value=" not in tag[0]


def test_the_stored_secret_is_on_no_page(client: Client) -> None:
    revision = last_revision().number
    for path in (EDITOR, HISTORY, f"{HISTORY}{revision}/", f"{HISTORY}{revision - 1}/rollback/"):
        response = client.get(path)
        assert response.status_code == 200, path
        assert not leaks(response.content), path
        assert SystemConfig.objects.get(pk="workos_api_key").config_value.encode() not in response.content, (
            path
        )


def test_a_blank_input_keeps_the_secret(client: Client) -> None:
    Editor(client).save(workos_api_key="", port="9000")
    assert stored("workos_api_key").reveal() == CANARY
    assert list(last_revision().changes.values_list("key", flat=True)) == ["port"]


def test_a_typed_secret_replaces_the_stored_one_and_is_shown_nowhere(client: Client) -> None:
    response = Editor(client).save(workos_api_key=REPLACEMENT)
    assert stored("workos_api_key").reveal() == REPLACEMENT
    page = client.get(response["Location"])
    assert "✓ configured → ✓ configured (new)" in page.content.decode()
    assert not leaks(page.content, REPLACEMENT)


def test_clear_removes_the_secret(client: Client) -> None:
    Editor(client).save(_clear_workos_api_key="on")
    assert stored("workos_api_key") is None
    assert not SystemConfig.objects.filter(pk="workos_api_key").exists()


def test_a_new_secret_together_with_clear_is_refused(client: Client) -> None:
    response = Editor(client).save(workos_api_key=REPLACEMENT, _clear_workos_api_key="on")
    assert "not both" in str(response.context["form"].errors["workos_api_key"])
    assert stored("workos_api_key").reveal() == CANARY


def test_a_refused_secret_is_not_shown_again_and_the_page_says_so(client: Client) -> None:
    response = Editor(client).save(workos_api_key="canary-not-a-key")
    assert not leaks(response.content, "canary-not-a-key")
    assert "Enter WorkOS API Key again" in response.content.decode()


def test_a_good_secret_beside_another_mistake_is_not_shown_again_either(client: Client) -> None:
    response = Editor(client).save(workos_api_key=REPLACEMENT, port="abc")
    assert not leaks(response.content, REPLACEMENT)
    assert stored("workos_api_key").reveal() == CANARY


def test_a_secret_entered_on_a_stale_page_must_be_entered_again(client: Client) -> None:
    editor = Editor(client)
    plan({"port": 9000}).apply(actor="grace")
    response = editor.save(workos_api_key=REPLACEMENT)
    assert not leaks(response.content, REPLACEMENT)
    assert "Enter these secrets again:</strong> WorkOS API Key" in response.content.decode()
    assert stored("workos_api_key").reveal() == CANARY


def test_the_preview_masks_secrets(client: Client) -> None:
    response = client.post(PREVIEW, Editor(client).fill(workos_api_key=REPLACEMENT))
    assert response.json()["changes"][0]["new"] == "✓ configured (new)"
    assert not leaks(response.content, REPLACEMENT)
    assert not leaks(response.content)


def test_the_history_holds_ciphertext_only(client: Client) -> None:
    Editor(client).save(workos_api_key=REPLACEMENT)
    assert REPLACEMENT not in str(list(Change.objects.values()))


def test_a_mask_sent_back_is_no_secret(client: Client) -> None:
    response = Editor(client).save(workos_api_key="••••••••")
    assert "workos_api_key" in response.context["form"].errors
    assert stored("workos_api_key").reveal() == CANARY


def test_a_secret_written_in_plain_text_by_sql_is_not_shown(client: Client) -> None:
    SystemConfig.objects.filter(pk="workos_api_key").update(config_value="sk_plain_text_0001")
    page = client.get(EDITOR).content
    assert b"sk_plain_text_0001" not in page
    assert b"must be entered again" in page


def test_without_the_key_the_page_works_and_names_what_needs_re_entry(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config_app.errors import KeyringLocked

    def locked() -> None:
        raise KeyringLocked("no key fits")

    monkeypatch.setattr(install_keyring, "get_keyring", locked)
    client.cookies["hub_unlock_later"] = "1"
    response = client.get(EDITOR)
    assert response.status_code == 200
    assert "must be entered again" in row(response.content, "workos_api_key")


def test_an_error_report_of_a_failing_save_hides_what_was_posted(client: Client) -> None:
    request = client.post(EDITOR, Editor(client).fill(workos_api_key=REPLACEMENT)).wsgi_request
    assert getattr(request, "sensitive_post_parameters", None) == "__ALL__"
