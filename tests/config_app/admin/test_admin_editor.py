"""The configuration editor in the admin."""

from __future__ import annotations

import os
import re

import pytest

from config_app.api import plan
from config_app.live.snapshot import read_snapshot
from config_app.models import Process, SystemConfig
from config_app.propagation import receipts
from config_app.store import tables
from hub.models import User
from hub.runtime_config import schema
from tests.support.browsers.editor import EDITOR, Editor, browser, last_revision, stored, text_of


@pytest.fixture
def editor(owner: User) -> Editor:
    """Give an editor that is open in the owner's browser."""
    return Editor(browser(owner))


def test_every_setting_has_a_row_with_label_help_key_and_default(editor: Editor) -> None:
    page = text_of(editor.loaded)
    for setting in schema.settings.values():
        assert setting.label in page
        assert setting.help in page
        assert f'id="setting-{setting.key}"' in page


def test_every_section_is_one_fieldset_with_a_link_to_it(editor: Editor) -> None:
    page = text_of(editor.loaded)
    for section in schema.sections:
        assert page.count(f'<fieldset class="cfg-section" id="section-{section.key}"') == 1
        assert page.count(f'href="#section-{section.key}"') == 1


def test_saving_changes_the_configuration_and_says_which_revision(editor: Editor) -> None:
    response = editor.save(log_level="debug", _reason="to find out")
    assert (response.status_code, response["Location"]) == (302, EDITOR)
    assert stored("log_level") == "debug"
    revision = last_revision()
    page = text_of(editor.client.get(EDITOR))
    assert f"Revision {revision.number}</a>: Log Level info → debug" in page


def test_a_page_that_looks_again_leaves_the_message_to_the_next_one(editor: Editor) -> None:
    editor.save(log_level="debug")
    for address in (EDITOR, "/"):
        again = editor.client.get(address, headers={"X-Config-Refresh": "1"})
        assert "info → debug" not in re.sub(r'(?s)<ol class="timeline">.*?</ol>', "", again.text)
    assert "</a>: Log Level info → debug" in text_of(editor.client.get(EDITOR))


def test_a_revision_from_the_editor_says_who_how_why_and_from_where(editor: Editor) -> None:
    editor.save(port="9000", _reason="behind nginx")
    revision = last_revision()
    said = (revision.actor, revision.channel, revision.reason, revision.address)
    assert said == ("owner@example.com", "admin", "behind nginx", "127.0.0.1")


def test_only_what_differs_is_written(editor: Editor) -> None:
    editor.save(port="9000")
    assert list(last_revision().changes.values_list("key", flat=True)) == ["port"]
    assert not SystemConfig.objects.filter(pk="server_workers").exists()


def test_saving_without_a_change_makes_no_revision_and_says_so(editor: Editor) -> None:
    before = last_revision()
    editor.save(_reason="just looking")
    assert last_revision() == before
    assert "Nothing to save" in text_of(editor.client.get(EDITOR))


def test_another_spelling_of_the_same_value_is_no_change(editor: Editor) -> None:
    before = last_revision()
    editor.save(port=" 8884 ", super_admin_emails="OWNER@example.com")
    assert last_revision() == before


def test_an_invalid_value_is_refused_beside_its_field_and_nothing_is_saved(editor: Editor) -> None:
    before = last_revision()
    response = editor.save(port="70000", log_level="debug")
    assert response.status_code == 200
    assert response.context["form"].errors == {"port": ["expected a whole number from 1 to 65535"]}
    assert 'id="id_port_error"' in text_of(response)
    assert last_revision() == before


def test_every_mistake_is_listed_at_once_and_the_input_is_kept(editor: Editor) -> None:
    page = text_of(editor.save(port="abc", bind_address="http://x", log_level="debug"))
    assert 'href="#id_port"' in page
    assert 'href="#id_bind_address"' in page
    assert 'value="abc"' in page
    assert '<option value="debug" selected>' in page


def test_a_broken_rule_is_shown_beside_the_setting_it_names(editor: Editor) -> None:
    errors = editor.save(super_admin_emails="").context["form"].errors
    assert list(errors) == ["super_admin_emails"]
    assert "expected at least one address" in errors["super_admin_emails"][0]


def test_a_super_admin_without_an_account_is_refused_as_the_only_one(editor: Editor) -> None:
    errors = editor.save(super_admin_emails="nobody@example.com").context["form"].errors
    assert "active account with a password" in errors["super_admin_emails"][0]
    assert stored("super_admin_emails") == ("owner@example.com",)


def test_reset_to_default_removes_the_row_whatever_the_field_says(editor: Editor) -> None:
    editor.save(port="9000")
    Editor(editor.client).save(port="nonsense", _reset_port="on")
    assert stored("port") == 8884
    assert not SystemConfig.objects.filter(pk="port").exists()


def test_a_setting_at_its_default_offers_no_reset(editor: Editor) -> None:
    assert "_reset_port" not in editor.fields
    assert "_reset_port" not in text_of(editor.loaded)


def test_a_switch_can_be_turned_on_and_off_again(editor: Editor) -> None:
    editor.save(enable_hsts="on")
    assert stored("enable_hsts") is True
    Editor(editor.client).save(enable_hsts=None)
    assert stored("enable_hsts") is False


def test_a_list_is_edited_one_entry_a_line(editor: Editor) -> None:
    editor.save(allowed_hosts="hub.example.com\r\n.example.org")
    assert stored("allowed_hosts") == ("hub.example.com", ".example.org")
    assert Editor(editor.client).fields["allowed_hosts"] == "hub.example.com\n.example.org"


def test_an_optional_value_can_be_emptied(editor: Editor) -> None:
    editor.save(csp_report_uri="https://csp.example.com/r")
    Editor(editor.client).save(csp_report_uri="")
    assert stored("csp_report_uri") is None


def test_settings_for_the_shell_and_the_code_are_read_only_with_the_reason(editor: Editor) -> None:
    page = text_of(editor.loaded)
    assert not {"app_mode", "setup_completed", "database_path", "local_admin_email"} & editor.fields.keys()
    assert "To change this setting, run manage.py config set app_mode VALUE." in page
    assert "The application itself keeps this value up to date." in page


def test_what_is_read_only_cannot_be_posted_either(editor: Editor) -> None:
    before = last_revision()
    editor.save(app_mode="workos", setup_completed="false", _reset_app_mode="on")
    assert last_revision() == before
    assert stored("app_mode") == "local"


def test_each_setting_says_when_and_by_whom_it_was_changed_last(editor: Editor) -> None:
    editor.save(port="9000")
    page = text_of(editor.client.get(EDITOR))
    row = page.partition('id="setting-port"')[2].partition('data-cfg-setting="public_url"')[0]
    assert "Changed" in row
    assert "by owner@example.com" in row
    assert f"/{last_revision().number}/" in row


def test_a_variable_that_differs_is_named_beside_its_setting(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "HUB_PORT", "9999")
    assert "HUB_PORT of the process environment differs from port" in text_of(editor.client.get(EDITOR))


def test_a_pinned_value_is_shown_beside_its_setting(editor: Editor) -> None:
    receipts.sign()
    Process.objects.update(pins={"port": "7777"}, machine="web-1")
    page = text_of(editor.client.get(EDITOR))
    assert "Pinned to 7777 by the command line or the environment of the server on web-1" in page
    assert "1 of 1 process at revision" in page


def test_a_process_that_is_behind_is_counted_out(editor: Editor) -> None:
    receipts.sign()
    Process.objects.update(revision=0)
    assert "0 of 1 process at revision" in text_of(editor.client.get(EDITOR))


def test_a_stored_value_that_is_not_valid_is_named_and_the_last_good_one_shown(editor: Editor) -> None:
    plan({"port": 9000}).apply()
    SystemConfig.objects.filter(pk="port").update(config_value="banana")
    page = Editor(editor.client)
    assert page.fields["port"] == "9000"
    assert "The stored value is not valid" in text_of(page.loaded)
    assert "Stored: “banana”." in text_of(page.loaded)


def test_the_value_in_force_can_be_stored_over_an_invalid_one(editor: Editor) -> None:
    plan({"port": 9000}).apply()
    SystemConfig.objects.filter(pk="port").update(config_value="banana")
    editor.client.post(
        EDITOR, {**Editor(editor.client).fields, "log_level": "debug"}
    )  # this also records the changes made by SQL
    Editor(editor.client).save(_keep_port="on")
    assert SystemConfig.objects.get(pk="port").config_value == "9000"
    assert not read_snapshot().problems


def test_a_refused_import_is_settled_by_storing_the_value(editor: Editor) -> None:
    plan({}, refusals={"port": "HUB_PORT was not imported, expected a whole number"}).apply(channel="env")
    page = Editor(editor.client)
    assert "HUB_PORT was not imported" in text_of(page.loaded)
    page.save(_keep_port="on")
    assert "HUB_PORT was not imported" not in text_of(editor.client.get(EDITOR))


def test_a_row_that_no_setting_knows_is_reported_above_the_form(editor: Editor) -> None:
    SystemConfig.objects.create(config_key="left_over", config_value="1")
    assert "left_over: this version knows no such setting" in text_of(editor.client.get(EDITOR))


@pytest.mark.parametrize("base", ["", "abc", "-1", "9" * 5000])
def test_a_form_that_does_not_say_what_it_was_made_for_is_refused(editor: Editor, base: str) -> None:
    before = last_revision()
    response = editor.save(_base_revision=base, port="9000")
    assert response.status_code == 200
    assert "This page was incomplete" in text_of(response) or response.context["conflict"]
    assert last_revision() == before


def test_there_are_no_pages_of_raw_rows(editor: Editor) -> None:
    for path in ("add/", "port/change/", "port/delete/", "port/history/"):
        assert editor.client.get(EDITOR + path).status_code == 404


def test_only_get_and_post_are_answered(editor: Editor) -> None:
    assert editor.client.put(EDITOR).status_code == 405
    assert editor.client.delete(EDITOR).status_code == 405


def test_a_failing_database_is_an_error_on_the_page_and_changes_nothing(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def fail(*_args: object, **_options: object) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(tables, "_insert_changes", fail)
    page = text_of(editor.save(port="9000"))
    assert "attempt to write a readonly database" in page
    assert stored("port") == 8884


def test_the_admin_lists_the_configuration_first(owner: User) -> None:
    apps = browser(owner).get("/admin/").context["app_list"]
    assert [app["app_label"] for app in apps][:2] == ["config_app", "hub"]
    assert apps[0]["models"][0]["admin_url"] == EDITOR
