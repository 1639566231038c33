"""The configuration as JSON, which only super admins may read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from config_app.declaration.secret import Secret
from config_app.presentation.json_report import report
from hub.models import User
from tests.support.browsers.clients import browser, configure

ROOT = Path(__file__).resolve().parents[3]
CANARY = "sk_test_canary7f3a"


def test_a_super_admin_gets_what_show_prints(owner_client: Client) -> None:
    response = owner_client.get("/api/config")
    assert response.status_code == 200
    found, shown = response.json(), json.loads(json.dumps(report()))
    for volatile in ("processes",):
        found.pop(volatile, None), shown.pop(volatile, None)
    assert found == shown
    assert found["state"] == "configured"
    assert found["settings"]["port"] == {
        "value": 8884,
        "source": "default",
        "is_secret": False,
        "section": "network",
    }


def test_the_documented_example_has_every_part(owner: User) -> None:
    chapter = (ROOT / "docs/api.md").read_text().split("## `GET /api/config`\n")[1]
    example = json.loads(chapter.split("```json\n")[1].split("```")[0])
    assert example.keys() == report().keys()


def test_secrets_are_only_set_or_not(owner_client: Client) -> None:
    configure(workos_api_key=Secret(CANARY))
    response = owner_client.get("/api/config")
    entry = response.json()["settings"]["workos_api_key"]
    assert (entry["value"], entry["is_set"], entry["is_secret"]) == (None, True, True)
    assert CANARY not in response.text


def test_it_is_not_cached(owner_client: Client) -> None:
    assert "no-store" in owner_client.get("/api/config").headers["Cache-Control"]


def test_strangers_are_told_to_sign_in(owner: User) -> None:
    response = browser().get("/api/config")
    assert (response.status_code, response.json()) == (401, {"error": "sign_in_required"})


@pytest.mark.parametrize("is_staff", [False, True])
def test_others_are_refused_whatever_they_may_see_in_the_admin(owner: User, is_staff: bool) -> None:
    other = User.objects.create_user("other@example.com", is_staff_member=is_staff)
    other.user_permissions.set(Permission.objects.all())
    client = browser()
    client.force_login(other)
    response = client.get("/api/config")
    assert (response.status_code, response.json()) == (403, {"error": "super_admin_required"})


def test_it_can_only_be_read(owner_client: Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert owner_client.generic(method, "/api/config").status_code == 405
    assert owner_client.head("/api/config").status_code == 200


def test_an_address_that_there_is_not_is_told_in_json(owner: User) -> None:
    response = browser().get("/api/nothing")
    assert (response.status_code, response.json()) == (404, {"error": "not_found"})
