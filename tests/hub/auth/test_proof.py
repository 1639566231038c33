"""A sensitive change long after the sign-in requires the password again (requirement W7)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from config_app.api import plan
from hub.auth.proof import COUNTS_FOR, PROVED_AT
from hub.auth.throttle import LIMITS
from hub.models import User
from hub.runtime_config import schema
from hub.start.generated import cookie_password
from tests.conftest import PASSWORD
from tests.support.browsers.editor import (
    EDITOR,
    HISTORY,
    Editor,
    browser,
    fields_of,
    last_revision,
    staff,
    stored,
    text_of,
)
from tests.support.browsers.old_sign_ins import prove_ago

HOSTS = "hub.example.com"
SECRET = "sk_canary_f00dcafe"
ASKED = "Your password, to confirm that it is you"
HOUR = dt.timedelta(hours=1)
PAIR, _ADDRESS, _ACCOUNT = LIMITS.values()
OTHERS = {
    "bind_address": "localhost",
    "csp_report_uri": "https://csp.example.com/",
    "enable_hsts": "on",
    "log_level": "debug",
    "port": "9000",
    "server_workers": "3",
}
SENSITIVE = {
    "allowed_hosts": HOSTS,
    "allowed_origins": "https://app.example.com",
    "public_url": "http://localhost",
    "reload_webhook_secret": "a webhook secret that is long enough",
    "trusted_proxies": "10.0.0.0/8",
    "workos_api_key": SECRET,
    "workos_authkit_domain": "https://login.example.com",
    "workos_client_id": "client_01TEST",
    "workos_cookie_password": cookie_password().reveal(),
    "workos_organization_id": "org_01TEST",
    "workos_staff_role": "hub-staff",
}


@pytest.fixture
def stale(owner: User) -> Client:
    """Give a browser in which the owner signed in an hour ago."""
    client = browser(owner)
    prove_ago(client, HOUR)
    return client


def errors_of(response: Any, form: str = "form") -> dict[str, list[str]]:
    return {name: list(found) for name, found in response.context[form].errors.items()}


def test_without_the_password_nothing_is_saved_and_the_page_asks_for_it(stale: Client) -> None:
    before = last_revision()
    response = Editor(stale).save(allowed_hosts=HOSTS)
    assert errors_of(response) == {"_password": ["Enter your password."]}
    assert ASKED in text_of(response)
    assert 'id="id__password_error"' in text_of(response)
    assert (last_revision(), stored("allowed_hosts")) == (before, ())


def test_with_a_wrong_password_nothing_is_saved(stale: Client) -> None:
    before = last_revision()
    response = Editor(stale).save(allowed_hosts=HOSTS, _password="wrong")
    assert "not your password" in errors_of(response)["_password"][0]
    assert last_revision() == before


def test_somebody_elses_password_is_not_ones_own(stale: Client) -> None:
    User.objects.create_user("sam@example.com", "another long password")
    Editor(stale).save(allowed_hosts=HOSTS, _password="another long password")
    assert stored("allowed_hosts") == ()


def test_what_was_typed_is_kept_but_no_secret_and_no_password(stale: Client) -> None:
    response = Editor(stale).save(
        allowed_hosts=HOSTS, log_level="debug", workos_api_key=SECRET, _reason="mine", _password="wrong-pw"
    )
    fields = fields_of(response.context["form"])
    assert (fields["allowed_hosts"], fields["log_level"], fields["_reason"]) == (HOSTS, "debug", "mine")
    assert SECRET not in text_of(response)
    assert "wrong-pw" not in text_of(response)
    assert "Enter WorkOS API Key again." in text_of(response)


def test_with_the_right_password_everything_is_saved(stale: Client) -> None:
    assert Editor(stale).save(allowed_hosts=HOSTS, log_level="debug", _password=PASSWORD).status_code == 302
    assert (stored("allowed_hosts"), stored("log_level")) == ((HOSTS,), "debug")


def test_it_counts_for_a_while_then_it_is_asked_again(stale: Client) -> None:
    Editor(stale).save(allowed_hosts=HOSTS, _password=PASSWORD)
    assert Editor(stale).save(allowed_hosts="").status_code == 302
    prove_ago(stale, COUNTS_FOR)
    assert "_password" in errors_of(Editor(stale).save(allowed_hosts=HOSTS))


def test_a_fresh_sign_in_is_not_asked(owner: User) -> None:
    client = browser(owner)
    prove_ago(client, COUNTS_FOR - dt.timedelta(minutes=1))
    assert Editor(client).save(allowed_hosts=HOSTS).status_code == 302


def test_signing_in_is_the_proof_and_a_session_from_before_there_was_one_has_none(owner: User) -> None:
    client = Client(SERVER_NAME="localhost")
    client.post("/auth/login", {"username": owner.email, "password": PASSWORD})
    assert Editor(client).save(allowed_hosts=HOSTS).status_code == 302
    session: Any = client.session
    del session[PROVED_AT]
    session.save()
    assert "_password" in errors_of(Editor(client).save(allowed_hosts=""))


@pytest.mark.parametrize(("key", "value"), OTHERS.items())
def test_other_settings_are_not_bothered(stale: Client, key: str, value: str) -> None:
    Editor(stale).save(**{key: value})
    assert list(last_revision().changes.values_list("key", flat=True)) == [key]


@pytest.mark.parametrize(("key", "value"), SENSITIVE.items(), ids=SENSITIVE)
def test_every_sensitive_setting_asks_and_so_does_its_return_to_the_default(
    stale: Client, key: str, value: str
) -> None:
    assert "_password" in errors_of(Editor(stale).save(**{key: value}))
    plan({key: value}).apply()
    tick = "_clear_" if schema[key].is_secret else "_reset_"
    assert "_password" in errors_of(Editor(stale).save(**{tick + key: "on"}))


def test_the_list_of_super_admins_asks(stale: Client) -> None:
    assert "_password" in errors_of(Editor(stale).save(super_admin_emails="owner@example.com,b@example.com"))


def test_these_are_all_that_the_editor_has() -> None:
    found = {s.key for s in schema.settings.values() if s.in_editor}
    assert found == {*OTHERS, *SENSITIVE, "super_admin_emails"}


def test_a_value_that_is_the_same_is_no_change_and_not_asked_for(stale: Client) -> None:
    before = last_revision()
    assert Editor(stale).save(super_admin_emails="OWNER@example.com").status_code == 302
    assert last_revision() == before


def test_the_preview_says_that_proof_is_missing_and_takes_it(stale: Client) -> None:
    editor = Editor(stale)
    assert editor.preview(log_level="debug")["proof"] == ""
    assert editor.preview(allowed_hosts=HOSTS)["proof"] == "Enter your password."
    wrong = editor.preview(allowed_hosts=HOSTS, _password="wrong")
    assert list(wrong["errors"]) == ["_password"]
    assert editor.preview(allowed_hosts=HOSTS, _password=PASSWORD)["proof"] == ""
    assert stored("allowed_hosts") == ()
    assert editor.save(allowed_hosts=HOSTS).status_code == 302


@pytest.mark.parametrize("way", ["save", "preview"])
def test_wrong_passwords_are_throttled_as_at_the_sign_in(stale: Client, way: str) -> None:
    for _ in range(PAIR):
        getattr(Editor(stale), way)(allowed_hosts=HOSTS, _password="wrong")
    response = Editor(stale).save(allowed_hosts=HOSTS, _password=PASSWORD)
    assert response.status_code == 429
    assert "Wait 5 minutes" in errors_of(response)["_password"][0]
    assert stored("allowed_hosts") == ()
    assert Editor(stale).save(log_level="debug").status_code == 302, "what asks for nothing goes on"


def test_a_thief_who_guesses_does_not_keep_the_owner_out(stale: Client, owner: User) -> None:
    known = Client(SERVER_NAME="localhost")
    known.post("/auth/login", {"username": owner.email, "password": PASSWORD})
    prove_ago(known, HOUR)
    for _ in range(PAIR + 1):
        Editor(stale).save(allowed_hosts=HOSTS, _password="wrong")
    assert Editor(known).save(allowed_hosts=HOSTS, _password=PASSWORD).status_code == 302


def test_the_right_password_forgets_the_mistakes(stale: Client) -> None:
    for _ in range(PAIR - 1):
        Editor(stale).save(allowed_hosts=HOSTS, _password="wrong")
    Editor(stale).save(allowed_hosts=HOSTS, _password=PASSWORD)
    assert not AccessAttempt.objects.exists()


def test_nothing_of_the_form_is_kept_with_a_wrong_password(stale: Client) -> None:
    for _ in range(2):
        Editor(stale).save(workos_api_key=SECRET, _password="wrong-pw")
    (kept,) = AccessAttempt.objects.values()
    assert SECRET not in str(kept)
    assert "wrong-pw" not in str(kept)


def test_a_cookie_that_was_stolen_before_is_worth_nothing_after_the_proof(stale: Client) -> None:
    thief = Client(SERVER_NAME="localhost")
    thief.cookies["sessionid"] = stale.cookies["sessionid"].value
    Editor(stale).save(allowed_hosts=HOSTS, _password=PASSWORD)
    assert thief.get(HISTORY).status_code == 302
    assert stale.get(HISTORY).status_code == 200


@pytest.mark.parametrize("away", [HOUR, -HOUR])
def test_a_clock_that_is_set_an_hour_away_only_asks_once_more(owner: User, away: dt.timedelta) -> None:
    client = browser(owner)
    prove_ago(client, away)
    assert "_password" in errors_of(Editor(client).save(allowed_hosts=HOSTS))
    assert Editor(client).save(allowed_hosts=HOSTS, _password=PASSWORD).status_code == 302


def test_this_machines_clock_has_no_say(owner: User) -> None:
    client = browser(owner)
    with time_machine.travel(timezone.now() + HOUR):
        assert Editor(client).save(allowed_hosts=HOSTS).status_code == 302


def test_a_rollback_of_a_sensitive_setting_asks_and_any_other_does_not(stale: Client) -> None:
    target = last_revision().number
    plan({"allowed_hosts": HOSTS}).apply()
    path = f"{HISTORY}{target}/rollback/"
    page: Any = stale.get(path)
    assert ASKED in text_of(page)
    fields = fields_of(page.context["form"])
    assert errors_of(stale.post(path, fields)) == {"_password": ["Enter your password."]}
    assert "_password" in errors_of(stale.post(path, {**fields, "_password": "wrong"}))
    assert stored("allowed_hosts") == (HOSTS,)
    assert stale.post(path, {**fields, "_password": PASSWORD}).status_code == 302
    assert stored("allowed_hosts") == ()


def test_a_rollback_of_anything_else_does_not_ask(stale: Client) -> None:
    target = last_revision().number
    plan({"log_level": "debug"}).apply()
    page: Any = stale.get(f"{HISTORY}{target}/rollback/")
    assert ASKED not in text_of(page)
    stale.post(f"{HISTORY}{target}/rollback/", fields_of(page.context["form"]))
    assert stored("log_level") == "info"


def test_an_export_of_secrets_asks(stale: Client) -> None:
    words = {"secrets": "on", "passphrase": "several words in a row", "again": "several words in a row"}
    page = stale.post(f"{EDITOR}transfer/export/", words)
    assert errors_of(page, "export_form") == {"_password": ["Enter your password."]}
    assert "Content-Disposition" in stale.post(f"{EDITOR}transfer/export/", {**words, "_password": PASSWORD})


def test_staff_who_may_not_change_it_are_not_asked_either(owner: User) -> None:
    client = browser(staff("change_systemconfig"))
    prove_ago(client, HOUR)
    before = last_revision()
    assert ASKED not in text_of(Editor(client).save(allowed_hosts=HOSTS, log_level="info"))
    assert last_revision() == before


def test_an_error_report_hides_the_password(stale: Client) -> None:
    target = last_revision().number
    plan({"allowed_hosts": HOSTS}).apply()
    response: Any = stale.post(f"{HISTORY}{target}/rollback/", {"_password": PASSWORD})
    assert response.wsgi_request.sensitive_post_parameters == "__ALL__"


def test_the_proof_is_kept_on_the_server_only(stale: Client) -> None:
    Editor(stale).save(allowed_hosts=HOSTS, _password=PASSWORD)
    assert Session.objects.filter(pk=stale.cookies["sessionid"].value).exists()
    assert PROVED_AT not in str(stale.cookies)
