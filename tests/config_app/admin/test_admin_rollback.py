"""Rolling back to an earlier revision in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config_app.api import plan
from config_app.models import Change
from config_app.propagation import receipts
from hub.models import User
from tests.support.browsers.editor import (
    HISTORY,
    browser,
    change_elsewhere,
    fields_of,
    last_revision,
    stored,
    text_of,
)


class Way:
    """The page for a rollback to one revision, open in a browser."""

    def __init__(self, client: Client, number: int) -> None:
        """Load the page."""
        self.client, self.path = client, f"{HISTORY}{number}/rollback/"
        self.page: Any = client.get(self.path)
        self.fields = fields_of(self.page.context["form"])

    def confirm(self, **fields: str) -> Any:
        """Press the button and return the response."""
        return self.client.post(self.path, {**self.fields, **fields})


@pytest.fixture
def way(owner: User, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Change the port and a secret; give the page for a rollback to the revision before that change."""
    receipts.describe("worker", {"port": "8884"})
    number = last_revision().number
    plan({"port": 9000, "workos_api_key": "sk_canary_f00dcafe"}).apply()
    return Way(browser(owner), number)


def test_the_page_shows_what_would_change_with_secrets_masked(way: Way) -> None:
    page = text_of(way.page)
    assert "2 settings would change" in page
    assert "<del>9000</del>" in page
    assert "<ins>8884</ins>" in page
    assert "canary" not in page


def test_the_page_says_so_where_the_return_reverts_unless_it_is_confirmed(way: Way) -> None:
    warning = "This change could lock you out, so it reverts in 5:00 unless you confirm it."
    assert warning in text_of(way.page)
    number = last_revision().number
    plan({"log_level": "debug"}).apply()
    assert warning not in text_of(Way(way.client, number).page)


def test_looking_at_it_changes_nothing(way: Way) -> None:
    assert stored("port") == 9000


def test_confirming_returns_every_setting_as_a_revision_of_its_own(way: Way) -> None:
    before = last_revision().number
    response = way.confirm(_reason="nginx broke")
    assert response["Location"] == f"{HISTORY}{before + 1}/"
    assert (stored("port"), stored("workos_api_key")) == (8884, None)
    revision = last_revision()
    said = (revision.number, revision.channel, revision.actor, revision.reason)
    assert said == (before + 1, "rollback", "owner@example.com", "nginx broke")


def test_a_secret_of_that_time_comes_back_without_being_shown(way: Way) -> None:
    number = last_revision().number
    plan({"workos_api_key": "sk_other_f00dcafe"}).apply()
    response = Way(way.client, number).confirm()
    assert stored("workos_api_key").reveal() == "sk_canary_f00dcafe"
    assert "canary" not in text_of(way.client.get(response["Location"]))


def test_a_change_in_between_is_shown_before_anything_happens(way: Way) -> None:
    change_elsewhere(server_workers=7)
    page = way.confirm(_reason="nginx broke")
    assert page.status_code == 200
    assert "the configuration changed to revision" in text_of(page)
    assert "Workers" in text_of(page)
    assert fields_of(page.context["form"])["_reason"] == "nginx broke"
    assert stored("port") == 9000


def test_deciding_again_goes_through(way: Way) -> None:
    change_elsewhere(server_workers=7)
    page = way.confirm()
    way.client.post(way.path, fields_of(page.context["form"]))
    assert (stored("port"), stored("server_workers")) == (8884, 2)


def test_a_form_without_its_base_revision_is_refused(way: Way) -> None:
    assert way.confirm(_base_revision="").status_code == 200
    assert stored("port") == 9000


def test_the_newest_revision_offers_no_way_back_to_itself(way: Way) -> None:
    page = way.client.get(f"{HISTORY}{last_revision().number}/")
    assert "Roll back" not in text_of(page)
    assert "Nothing would change" in text_of(Way(way.client, last_revision().number).page)


def test_what_only_a_shell_changes_stands_in_the_way(way: Way) -> None:
    number = last_revision().number
    plan({"local_admin_email": "next@example.com"}).apply()
    page = Way(way.client, number)
    refusal = f"local_admin_email: cannot be changed in the browser; run manage.py config rollback {number}"
    assert refusal in text_of(page.page)
    assert page.confirm().status_code == 200
    assert stored("local_admin_email") == "next@example.com"


def test_a_secret_that_cannot_be_decrypted_any_more_stands_in_the_way(way: Way) -> None:
    number = last_revision().number
    plan({"workos_api_key": "sk_other_f00dcafe"}).apply()
    Change.objects.filter(key="workos_api_key", revision=number).update(new_value="gAAAA-rubbish")
    page = way.client.get(f"{HISTORY}{number}/rollback/")
    assert "cannot be decrypted" in text_of(page)


def test_an_unknown_revision_is_not_found(way: Way) -> None:
    assert way.client.get(f"{HISTORY}999/rollback/").status_code == 404


def test_it_needs_a_post_with_the_csrf_token(way: Way) -> None:
    way.client.handler.enforce_csrf_checks = True
    assert way.confirm().status_code == 403
    assert stored("port") == 9000
