"""In mode workos, a sensitive change requires a recent sign-in at WorkOS (requirement W7)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session

from hub.models import User, WorkOSSession
from tests.conftest import PASSWORD
from tests.support.browsers.editor import EDITOR, Editor, fields_of, last_revision, stored, text_of
from tests.support.workos.authkit import OWNER, AuthKit, user
from tests.support.workos.fixtures import Visitor, expire_tokens

HOSTS = "127.0.0.1,hub.example.com"
FRESH = "/auth/login?fresh=1&next=%2Fauth%2Fproof"
LONG_AGO = 3600


@pytest.fixture
def stale(workos_hub: AuthKit, visitor: Visitor) -> Visitor:
    """Give a super admin's browser; the super admin entered credentials at AuthKit an hour ago."""
    workos_hub.signed_in_ago = LONG_AGO
    visitor.sign_in(workos_hub)
    assert visitor.may_administer()
    return visitor


def heading(response: Any) -> str:
    return str(text_of(response).partition("<h1>")[2].partition("</h1>")[0])


def may_save(visitor: Visitor) -> bool:
    """Return whether a sensitive change is saved."""
    before = last_revision()
    Editor(visitor).save(allowed_hosts=HOSTS)
    return last_revision() != before


def prove(kit: AuthKit, visitor: Visitor) -> Any:
    """Sign in again at AuthKit, which proves who the user is; return the response of the callback."""
    return visitor.sign_in(kit, FRESH)


def test_nothing_is_saved_and_the_page_leads_to_a_fresh_sign_in(stale: Visitor) -> None:
    response = Editor(stale).save(allowed_hosts=HOSTS, log_level="debug", workos_api_key="sk_canary_f00d")
    assert list(response.context["form"].errors) == ["_password"]
    assert f'href="{FRESH}" target="_blank"' in text_of(response)
    fields = fields_of(response.context["form"])
    assert (fields["allowed_hosts"], fields["log_level"]) == (HOSTS, "debug")
    assert "canary" not in text_of(response)
    assert stored("allowed_hosts") == ()


def test_it_asks_authkit_for_credentials_whoever_is_signed_in_there(stale: Visitor) -> None:
    asked = parse_qs(urlsplit(stale.begin(FRESH)).query)
    assert (asked["max_age"], asked["login_hint"]) == (["0"], [OWNER])


def test_after_it_the_page_that_is_still_open_can_be_saved(stale: Visitor, workos_hub: AuthKit) -> None:
    stale.handler.enforce_csrf_checks = True
    editor = Editor(stale)
    token = str(editor.loaded.context["csrf_token"])
    assert prove(workos_hub, stale).headers["Location"] == "/auth/proof"
    assert heading(stale.get("/auth/proof")) == "Identity confirmed"
    assert editor.save(allowed_hosts=HOSTS, csrfmiddlewaretoken=token).status_code == 302
    assert stored("allowed_hosts") == tuple(HOSTS.split(","))


def test_the_session_goes_on_under_another_key(stale: Visitor, workos_hub: AuthKit) -> None:
    thief = Visitor()
    thief.cookies["sessionid"] = stale.cookies["sessionid"].value
    prove(workos_hub, stale)
    assert stale.may_administer()
    assert not thief.is_signed_in()
    assert (Session.objects.count(), WorkOSSession.objects.count()) == (1, 1)


def test_a_sign_in_with_credentials_just_entered_is_not_asked(owner_at_workos: Visitor) -> None:
    assert may_save(owner_at_workos)


def test_a_refresh_is_no_sign_in(stale: Visitor, workos_hub: AuthKit) -> None:
    expire_tokens()
    assert stale.may_administer()
    assert workos_hub.refreshes()
    assert not may_save(stale)


def test_a_parameter_that_was_taken_away_under_way_proves_nothing(
    stale: Visitor, workos_hub: AuthKit
) -> None:
    there = stale.begin(FRESH)
    response = stale.get(workos_hub.approve(there.replace("max_age=0", "")))
    assert (response.status_code, heading(response)) == (403, "WorkOS did not ask for your credentials")
    assert f'href="{FRESH}"' in text_of(response)
    assert stale.may_administer(), "the session goes on as it was"
    assert not may_save(stale)


def test_a_token_that_does_not_say_when_proves_nothing(stale: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.claims = {"auth_time": None}
    assert prove(workos_hub, stale).status_code == 403
    assert not may_save(stale)


def test_somebody_else_at_the_keyboard_is_signed_in_as_themselves(
    stale: Visitor, workos_hub: AuthKit
) -> None:
    workos_hub.person = user("other@example.com")
    prove(workos_hub, stale)
    assert stale.is_signed_in()
    assert not stale.may_administer()
    assert stale.get(EDITOR).status_code in {302, 403}


def test_a_password_of_the_hubs_own_is_no_proof(workos_hub: AuthKit, visitor: Visitor) -> None:
    User.objects.create_user(OWNER, PASSWORD)
    workos_hub.signed_in_ago = LONG_AGO
    visitor.sign_in(workos_hub)
    assert "_password" in Editor(visitor).save(allowed_hosts=HOSTS, _password=PASSWORD).context["form"].errors
    visitor.post("/auth/workos", {"password": PASSWORD})
    assert not may_save(visitor)


def test_a_fresh_sign_in_that_fails_leads_to_another_one(stale: Visitor) -> None:
    state = parse_qs(urlsplit(stale.begin(FRESH)).query)["state"][0]
    response = stale.get(f"/auth/callback?error=access_denied&state={state}")
    assert f'href="{FRESH}"' in text_of(response)
    assert "Identity confirmed" not in text_of(stale.get("/auth/proof"))
