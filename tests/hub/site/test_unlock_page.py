"""While the secrets are locked, a page asks for the recovery code before anything else (K2, K9, K10)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from config_app.api import plan
from config_app.declaration.secret import Secret
from config_app.encryption.recovery_codes import new_code
from config_app.encryption.slot_management import list_slots, new_recovery_code
from hub.auth.throttle import WRONG_TOKENS
from hub.runtime_config import get_config
from tests.conftest import claim_for
from tests.support.browsers.clients import browser
from tests.support.config_command import CANARY
from tests.support.keys import locked_here

(LIMIT,) = WRONG_TOKENS.values()


@pytest.fixture(params=["unclaimed", "claimed"])
def code(request: pytest.FixtureRequest, transactional_db: None, install: None) -> Iterator[str]:
    """Give the recovery code of a hub that was moved to another machine."""
    if request.param == "claimed":
        claim_for("owner@example.com")
    plan({"workos_api_key": CANARY}).apply()
    codes: list[Secret] = []
    new_recovery_code(codes.append)
    with locked_here():
        yield codes[0].reveal()


@pytest.fixture
def client(code: str) -> Client:
    return browser()


@pytest.mark.parametrize("path", ["/", "/setup/", "/admin/", "/auth/login", "/nowhere"])
def test_every_page_leads_to_the_code(client: Client, path: str) -> None:
    assert client.get(path).headers["Location"] == "/unlock/"
    page = client.get("/unlock/")
    assert (page.status_code, page.headers["Cache-Control"].count("no-store")) == (200, 1)
    assert b"Recovery code" in page.content
    assert b"machine.key" not in page.content


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_still_answers(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_program_is_not_redirected(client: Client) -> None:
    assert client.get("/api/config").headers.get("Location") != "/unlock/"


def test_the_code_gives_this_machine_a_slot_of_its_own(client: Client, code: str) -> None:
    response = client.post("/unlock/", {"code": code.lower().replace("-", " ")})
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert get_config().workos_api_key == Secret(CANARY)
    assert [slot.opens_here for slot in list_slots() if slot.kind == "machine"] == [False, True]
    assert client.get("/unlock/").headers["Location"] != "/unlock/"
    assert client.get("/").headers.get("Location") != "/unlock/"


@pytest.mark.parametrize("typed", ["", "7K2M", "x" * 101, "OTHER"])
def test_a_wrong_code_opens_nothing_and_is_not_repeated(client: Client, typed: str) -> None:
    typed = new_code().reveal() if typed == "OTHER" else typed
    page = client.post("/unlock/", {"code": typed})
    assert page.status_code == 200
    assert get_config().workos_api_key is None
    assert client.get("/").headers["Location"] == "/unlock/"


def test_guessing_is_throttled_and_never_locks_the_right_code_out(client: Client, code: str) -> None:
    wrong = new_code().reveal()
    for _ in range(LIMIT - 1):
        assert client.post("/unlock/", {"code": wrong}).status_code == 200
    page = client.post("/unlock/", {"code": wrong})
    assert page.status_code == 429
    assert client.post("/unlock/", {"code": code}).status_code == 302


def test_a_person_may_go_on_without_the_secrets(client: Client) -> None:
    assert client.post("/unlock/", {"later": "1"}).headers["Location"] == "/"
    assert client.get("/").headers.get("Location") != "/unlock/"
    assert client.get("/unlock/").status_code == 200


def test_where_nothing_is_locked_there_is_no_such_page(transactional_db: None, install: None) -> None:
    assert browser().get("/unlock/").status_code == 302
    claim_for("owner@example.com")
    assert browser().get("/unlock/").headers["Location"] == "/"
    assert browser().get("/").headers["Location"] != "/unlock/"
