"""The wizard's pages: prefilled, validated, saved, and possible to resume (S4, S8, S9)."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import check_password

from config_app.change.plan import plan
from config_app.encryption import install_keyring
from config_app.errors import KeyringLocked
from config_app.live.snapshot import read_snapshot
from config_app.testing import reset_process
from hub.models import User
from setup_wizard.claiming import draft
from setup_wizard.models import SetupDraft
from tests.support.browsers.wizard_walk import (
    ACCOUNT,
    ADMIN,
    CREDENTIALS,
    LOCAL,
    MODE,
    NETWORK,
    PASSWORD,
    WORKOS,
    Browser,
    errors_of,
    value_of,
)
from tests.support.workos.authkit import AuthKit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def unclaimed(transactional_db: None, install: None) -> None:
    """Work on an unclaimed install."""


@pytest.fixture
def browser() -> Browser:
    """Give a browser that has entered the token."""
    browser = Browser()
    browser.unlock()
    return browser


PAGES = ["mode", "account", "credentials", "network", "security", "review", "no-such-step"]


@pytest.mark.parametrize("name", PAGES)
def test_without_the_token_every_page_leads_to_where_it_is_asked_for(name: str) -> None:
    stranger = Browser()
    assert stranger.get(f"/setup/{name}/") == 302
    assert stranger.location == "/setup/"
    assert stranger.post(f"/setup/{name}/", MODE) == 302
    assert not SetupDraft.objects.exists()


def test_before_the_token_no_fact_about_the_machine_is_shown() -> None:
    plan({"port": 49123, "super_admin_emails": "the.boss@example.com"}).apply()
    stranger = Browser()
    assert stranger.get("/setup/") == 200
    # A short word could be in the page's random CSRF token.
    for fact in ("49123", "the.boss", "hub.db", "test.db", "machine.key", "SQLite", "127.0.0.1"):
        assert fact not in stranger.body


@pytest.mark.parametrize("name", ["account", "network", "security", "review"])
def test_a_later_step_leads_to_the_first_that_is_incomplete(browser: Browser, name: str) -> None:
    assert browser.get(f"/setup/{name}/") == 302
    assert browser.location == "/setup/mode/"
    browser.fill("mode", MODE)
    expected = 200 if name == "account" else 302
    assert browser.get(f"/setup/{name}/") == expected


def test_a_step_of_the_other_mode_leads_back(browser: Browser) -> None:
    browser.fill("mode", MODE)
    assert browser.get("/setup/credentials/") == 302
    assert browser.location == "/setup/account/"


def test_the_steps_follow_one_another(browser: Browser) -> None:
    for name, following in (
        ("mode", "account"),
        ("account", "network"),
        ("network", "security"),
        ("security", "review"),
    ):
        browser.fill(name, LOCAL[name])
        assert browser.location == f"/setup/{following}/"
        browser.get(browser.location)
        assert f'href="/setup/{name}/"' in browser.body


def test_a_step_done_again_goes_on_to_the_next_one_and_loses_nothing(browser: Browser) -> None:
    for name, data in LOCAL.items():
        browser.fill(name, data)
    browser.get("/setup/account/")
    assert value_of(browser.body, "email") == ADMIN
    assert value_of(browser.body, "name") == "Ada"
    browser.fill("account", ACCOUNT | {"password1": "", "password2": ""})
    assert browser.location == "/setup/network/"
    assert browser.get("/setup/review/") == 200


def test_the_wizard_resumes_where_it_was_left(browser: Browser) -> None:
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    assert browser.get("/setup/") == 302
    assert browser.location == "/setup/network/"


def test_nothing_is_in_force_before_the_end(browser: Browser) -> None:
    before = read_snapshot()
    for name, data in (LOCAL | {"network": NETWORK | {"port": "9001"}}).items():
        browser.fill(name, data)
    browser.get("/setup/review/")
    after = read_snapshot()
    assert (after.config, after.revision, after.version) == (before.config, before.revision, before.version)
    assert not User.objects.exists()


def test_the_password_is_staged_only_as_a_hash_and_never_shown(browser: Browser) -> None:
    for name, data in LOCAL.items():
        browser.fill(name, data)
    row = SetupDraft.objects.get()
    assert check_password(PASSWORD, row.password)
    assert PASSWORD not in f"{row.steps} {row.secrets} {row.password}"
    for page in ("account", "review"):
        browser.get(f"/setup/{page}/")
        assert PASSWORD not in browser.body
        assert row.password not in browser.body


def test_secrets_are_staged_encrypted_and_never_shown(browser: Browser) -> None:
    browser.fill("mode", {"app_mode": "workos"})
    browser.post("/setup/credentials/", CREDENTIALS | {"workos_client_id": "wrong"})
    assert "canary" not in browser.body
    for name in ("credentials", "network", "security"):
        browser.fill(name, WORKOS[name])
    assert "canary" not in str(SetupDraft.objects.values())
    assert draft.load().secret_values()["workos_api_key"].reveal() == "sk_test_canary123"
    for page in ("credentials", "review"):
        browser.get(f"/setup/{page}/")
        assert "canary" not in browser.body
        assert "Stored" in browser.text


def test_a_blank_secret_keeps_the_staged_one(browser: Browser) -> None:
    browser.fill("mode", {"app_mode": "workos"})
    browser.fill("credentials", CREDENTIALS)
    browser.fill("credentials", CREDENTIALS | {"workos_api_key": ""})
    assert draft.load().secret_values()["workos_api_key"].reveal() == "sk_test_canary123"


def test_what_is_required_is_required(browser: Browser) -> None:
    browser.fill("mode", {"app_mode": "workos"})
    assert browser.post("/setup/credentials/", {}) == 200
    assert len(errors_of(browser.body)) == 3


@pytest.mark.parametrize("mode", ["", "unconfigured", "banana", "LOCAL ;"])
def test_only_a_mode_that_can_be_set_up_is_taken(browser: Browser, mode: str) -> None:
    assert browser.post("/setup/mode/", {"app_mode": mode}) == 200
    assert "expected one of local or workos" in browser.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "ada"}, "expected an e-mail address"),
        ({"email": ""}, "expected an e-mail address"),
        ({"password2": "another one entirely"}, "expected the same password as above"),
        ({"password1": "", "password2": ""}, "this field is required."),
        ({"password1": "short1!", "password2": "short1!"}, "too short"),
        ({"password1": "12345678901234", "password2": "12345678901234"}, "numeric"),
        ({"password1": "ada@example.com", "password2": "ada@example.com"}, "too similar"),
        ({"name": "A" * 151}, "at most 150 characters"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused_beside_the_field(
    browser: Browser, change: dict[str, str], message: str
) -> None:
    browser.fill("mode", MODE)
    assert browser.post("/setup/account/", ACCOUNT | change) == 200
    assert any(message in error for error in errors_of(browser.body))
    assert not draft.load().has(next(s for s in draft.load().steps_in_order() if s.name == "account"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("port", "70000"), ("port", ""), ("bind_address", "not a host!"), ("trusted_proxies", "10.0.0.1/8")],
)
def test_a_value_that_is_not_valid_is_refused_beside_the_field(
    browser: Browser, field: str, value: str
) -> None:
    browser.fill("mode", MODE)
    browser.fill("account", ACCOUNT)
    assert browser.post("/setup/network/", NETWORK | {field: value}) == 200
    assert len(errors_of(browser.body)) == 1
    assert "expected" in errors_of(browser.body)[0]


def test_a_change_of_mode_keeps_what_the_other_mode_was_told(browser: Browser) -> None:
    for name, data in LOCAL.items():
        browser.fill(name, data)
    browser.fill("mode", {"app_mode": "workos"})
    assert browser.location == "/setup/credentials/"
    browser.fill("credentials", CREDENTIALS)
    assert browser.get("/setup/review/") == 200
    browser.fill("mode", MODE)
    assert browser.get("/setup/review/") == 200
    assert ADMIN in browser.text


def test_the_review_shows_everything_and_no_secret(browser: Browser) -> None:
    for name, data in (LOCAL | {"network": NETWORK | {"public_url": "https://hub.example.com"}}).items():
        browser.fill(name, data)
    assert browser.get("/setup/review/") == 200
    for shown in ("Ada", ADMIN, "8884", "https://hub.example.com", "127.0.0.1"):
        assert shown in browser.text


def test_the_progress_names_the_page_for_screen_readers(browser: Browser) -> None:
    browser.fill("mode", MODE)
    browser.get("/setup/account/")
    assert browser.body.count('aria-current="step"') == 1
    assert "Step 2 of 5" in browser.text


def test_a_locked_keyring_is_said_beside_what_was_typed(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.fill("mode", {"app_mode": "workos"})

    def locked() -> None:
        raise KeyringLocked("the machine key is missing", "bring back the key file")

    monkeypatch.setattr(install_keyring, "get_keyring", locked)
    assert browser.post("/setup/credentials/", CREDENTIALS) == 200
    assert "the machine key is missing" in browser.text
    assert value_of(browser.body, "workos_client_id") == "client_123"
    assert "canary" not in browser.body


def test_a_keyring_locked_at_the_end_is_said_and_loses_nothing(
    browser: Browser, authkit: AuthKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    authkit.client_id = CREDENTIALS["workos_client_id"]
    for name, data in WORKOS.items():
        browser.fill(name, data)
    with monkeypatch.context() as patched:

        def locked() -> None:
            raise KeyringLocked("the machine key is missing", "bring back the key file")

        patched.setattr(install_keyring, "get_keyring", locked)
        assert browser.finish() == 200
        assert "the machine key is missing" in browser.text
    reset_process()
    assert browser.finish() == 200
    assert browser.response.context["url"].startswith(authkit.url)


def test_a_draft_that_somebody_mangled_is_no_dead_end(browser: Browser) -> None:
    browser.fill("mode", MODE)
    SetupDraft.objects.update(steps={"mode": {"app_mode": "banana"}, "network": {"port": "abc"}})
    assert browser.get("/setup/") == 302
    assert browser.get(browser.location) == 200
