"""Who may see and change the configuration in the browser (W12)."""

from __future__ import annotations

import pytest
from django.test import Client

from config_app.api import plan
from config_app.errors import InvalidPlan
from hub.models import User
from hub.runtime_config import schema
from tests.support.browsers.editor import (
    EDITOR,
    HISTORY,
    PREVIEW,
    Editor,
    browser,
    fields_of,
    last_revision,
    staff,
    stored,
    text_of,
)

CANARY = "sk_canary_f00dcafe"
PAGES = (EDITOR, HISTORY, f"{HISTORY}1/")
SENSITIVE = {
    "allowed_hosts",
    "allowed_origins",
    "app_mode",
    "local_admin_email",
    "public_url",
    "reload_webhook_secret",
    "super_admin_emails",
    "trusted_proxies",
    "workos_api_key",
    "workos_authkit_domain",
    "workos_client_id",
    "workos_cookie_password",
    "workos_organization_id",
    "workos_staff_role",
}


@pytest.fixture
def viewer(owner: User) -> Client:
    """Give the browser of a staff user who may only view the configuration."""
    plan({"workos_api_key": CANARY}).apply()
    return browser(staff("view_systemconfig"))


@pytest.fixture
def operator(owner: User) -> Client:
    """Give the browser of a staff user who may change the configuration but is not a super admin."""
    plan({"workos_api_key": CANARY}).apply()
    return browser(staff("change_systemconfig"))


@pytest.mark.parametrize("path", PAGES)
def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(owner: User, path: str) -> None:
    response = Client(SERVER_NAME="localhost").get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/auth/login")


@pytest.mark.parametrize("path", PAGES)
def test_staff_without_a_permission_are_refused(owner: User, path: str) -> None:
    assert browser(staff()).get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_people_who_are_no_staff_are_refused(owner: User, path: str) -> None:
    user = User.objects.create_user("member@example.com", "a long enough password")
    assert browser(user).get(path).status_code in {302, 403}


def test_viewers_see_values_and_secrets_only_as_set_or_not(viewer: Client) -> None:
    response = viewer.get(EDITOR)
    page = text_of(response)
    assert "8884" in page
    assert '<p class="cfg-value">Set</p>' in page
    assert CANARY not in page
    assert response.context["form"] is None


def test_viewers_get_no_form(viewer: Client) -> None:
    page = text_of(viewer.get(EDITOR)).partition("<main")[2].partition("</main>")[0]
    for control in ("<form", '<input type="text', "<textarea", "<select", "Save"):
        assert control not in page


@pytest.mark.parametrize("path", [EDITOR, PREVIEW, f"{HISTORY}1/rollback/"])
def test_viewers_cannot_post(viewer: Client, path: str) -> None:
    before = last_revision()
    fields = {"_base_revision": str(before.number), "port": "9000"}
    assert viewer.post(path, fields).status_code == 403
    assert last_revision() == before


def test_viewers_see_the_history_without_a_way_back(viewer: Client) -> None:
    assert viewer.get(HISTORY).status_code == 200
    page = text_of(viewer.get(f"{HISTORY}1/"))
    assert "Roll back" not in page


def test_a_viewer_before_an_editor_takes_nothing_from_the_editor(viewer: Client, owner: User) -> None:
    before = {s.key: (s.form_field().disabled, s.form_field().required) for s in schema.settings.values()}
    viewer.get(EDITOR)
    Editor(browser(owner)).save(port="9000")
    assert stored("port") == 9000
    assert before == {
        s.key: (s.form_field().disabled, s.form_field().required) for s in schema.settings.values()
    }


def test_whoever_may_change_need_not_be_a_super_admin(operator: Client) -> None:
    Editor(operator).save(port="9000")
    assert (stored("port"), last_revision().actor) == (9000, "sam@example.com")


def test_what_decides_who_administers_is_for_super_admins(operator: Client) -> None:
    response = operator.get(EDITOR)
    assert {s.key for s in schema.settings.values() if s.is_sensitive} == SENSITIVE
    assert not SENSITIVE & fields_of(response.context["form"]).keys()
    assert "You are not permitted to change this setting." in text_of(response)


@pytest.mark.parametrize("key", ["super_admin_emails", "workos_api_key", "trusted_proxies"])
def test_posting_it_all_the_same_changes_nothing(operator: Client, key: str) -> None:
    before = last_revision()
    Editor(operator).save(**{key: "sam@example.com", f"_clear_{key}": "on", f"_reset_{key}": "on"})
    assert last_revision() == before


def test_the_plan_itself_refuses_what_a_person_may_not_change(operator: Client) -> None:
    sam = User.objects.get(email="sam@example.com")
    with pytest.raises(InvalidPlan, match="super_admin_emails: you are not permitted"):
        plan({"super_admin_emails": "sam@example.com,owner@example.com"}).apply(actor=sam, channel="admin")


def test_a_rollback_cannot_do_it_either(owner: User, operator: Client) -> None:
    plan({"trusted_proxies": "10.0.0.0/8"}).apply()
    target = last_revision().number - 1
    page = operator.get(f"{HISTORY}{target}/rollback/")
    assert "trusted_proxies: you are not permitted to change this setting" in text_of(page)
    operator.post(f"{HISTORY}{target}/rollback/", fields_of(page.context["form"]))
    assert stored("trusted_proxies")


def test_a_right_taken_away_counts_for_a_page_that_is_still_open(operator: Client) -> None:
    editor = Editor(operator)
    User.objects.get(email="sam@example.com").user_permissions.clear()
    assert editor.save(port="9000").status_code == 403
    assert stored("port") == 8884


def test_a_super_admin_who_is_removed_can_change_nothing_any_more(owner: User) -> None:
    from config_app.live import runtime

    editor = Editor(browser(owner))
    User.objects.create_user("next@example.com", "a long enough password")
    plan({"super_admin_emails": "next@example.com"}).apply()
    runtime.reload()
    assert editor.save(port="9000").status_code in {302, 403}
    assert stored("port") == 8884
