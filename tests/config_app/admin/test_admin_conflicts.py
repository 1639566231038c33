"""Two people use the configuration editor at once: the second sees what changed and decides (R8)."""

from __future__ import annotations

import pytest

from config_app.models import SystemConfig
from hub.models import User
from tests.support.browsers.editor import (
    EDITOR,
    Editor,
    browser,
    change_elsewhere,
    fields_of,
    last_revision,
    stored,
    text_of,
)


@pytest.fixture
def editor(owner: User) -> Editor:
    """Give an editor that is open in the owner's browser."""
    return Editor(browser(owner))


def test_a_page_that_is_no_longer_current_saves_nothing(editor: Editor) -> None:
    change_elsewhere(port=9000)
    before = last_revision()
    assert editor.save(port="9001").status_code == 200
    assert (stored("port"), last_revision()) == (9000, before)


def test_it_shows_who_changed_what_and_why(editor: Editor) -> None:
    change_elsewhere("grace", server_workers=7)
    page = text_of(editor.save(port="9001"))
    assert "the configuration changed while you were editing" in page
    for said in ("grace", "Meanwhile", "Workers", "<ins>7</ins>"):
        assert said in page


def test_secrets_of_the_others_are_masked(editor: Editor) -> None:
    change_elsewhere(workos_api_key="sk_canary_f00dcafe")
    page = text_of(editor.save(port="9001"))
    assert "✓ configured" in page
    assert "canary" not in page


def test_ones_own_input_is_kept_and_the_rest_is_up_to_date(editor: Editor) -> None:
    change_elsewhere(server_workers=7, enable_hsts=True, allowed_hosts=("a.example.com",))
    form = editor.save(port="9001", log_level="debug", _reason="mine").context["form"]
    fields = fields_of(form)
    kept = (fields["port"], fields["log_level"], fields["_reason"])
    assert kept == ("9001", "debug", "mine")
    assert (fields["server_workers"], fields["allowed_hosts"]) == ("7", "a.example.com")
    assert fields["enable_hsts"] == "on"


def test_a_setting_that_both_changed_is_marked_and_shows_ones_own_input(editor: Editor) -> None:
    change_elsewhere("grace", port=9000)
    response = editor.save(port="9001")
    assert fields_of(response.context["form"])["port"] == "9001"
    assert "grace changed this setting: Port default → 9000." in text_of(response)


def test_a_setting_that_only_the_others_changed_is_not_marked(editor: Editor) -> None:
    change_elsewhere("grace", port=9000)
    assert "grace changed this setting" not in text_of(editor.save(log_level="debug"))


def test_saving_again_is_the_decision(editor: Editor) -> None:
    change_elsewhere(port=9000, server_workers=7)
    shown = editor.save(port="9001").context["form"]
    editor.client.post(EDITOR, fields_of(shown))
    assert (stored("port"), stored("server_workers")) == (9001, 7)
    assert list(last_revision().changes.values_list("key", flat=True)) == ["port"]


def test_a_third_change_in_between_is_shown_too(editor: Editor) -> None:
    change_elsewhere(port=9000)
    shown = editor.save(port="9001").context["form"]
    change_elsewhere(port=9002)
    assert editor.client.post(EDITOR, fields_of(shown)).context["conflict"]
    assert stored("port") == 9002


def test_what_was_mistyped_on_a_stale_page_is_kept_too(editor: Editor) -> None:
    change_elsewhere(server_workers=7)
    assert fields_of(editor.save(port="abc").context["form"])["port"] == "abc"


def test_a_reset_asked_for_on_a_stale_page_stays_ticked(editor: Editor) -> None:
    change_elsewhere(port=9000)
    page = Editor(editor.client)
    change_elsewhere(server_workers=7)
    assert fields_of(page.save(_reset_port="on").context["form"])["_reset_port"] == "on"


def test_a_switch_that_was_turned_off_on_a_stale_page_stays_off(editor: Editor) -> None:
    change_elsewhere(enable_hsts=True)
    page = Editor(editor.client)
    change_elsewhere(server_workers=7)
    assert "enable_hsts" not in fields_of(page.save(enable_hsts=None).context["form"])


def test_a_change_by_sql_counts_as_somebody_elses(editor: Editor) -> None:
    change_elsewhere(port=9000)
    page = Editor(editor.client)
    SystemConfig.objects.filter(pk="port").update(config_value="9100")
    response = page.save(log_level="debug")
    assert "sql" in text_of(response)
    assert fields_of(response.context["form"])["port"] == "9100"
    editor.client.post(EDITOR, fields_of(response.context["form"]))
    assert (stored("port"), stored("log_level")) == (9100, "debug")


def test_a_change_between_loading_and_writing_is_noticed_under_the_lock(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config_app.change.plan import Plan

    apply = Plan.apply

    def too_late(self: Plan, **options: object) -> object:
        if options["channel"] == "admin":
            change_elsewhere(port=9000)
        return apply(self, **options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Plan, "apply", too_late)
    assert editor.save(port="9001").context["conflict"]
    assert stored("port") == 9000


def test_the_preview_says_that_the_page_is_stale(editor: Editor) -> None:
    change_elsewhere(port=9000)
    assert editor.preview(port="9001") == {"stale": True, "revision": last_revision().number}
