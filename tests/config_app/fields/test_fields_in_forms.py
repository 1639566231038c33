"""The fields in ordinary Django forms: what they show and accept, and when they report a change."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from config_app import fields


class Settings(forms.Form):
    """A form with one field for each kind of widget."""

    hsts = fields.BooleanField()
    port = fields.PortField()
    level = fields.ChoiceField([("info", "Info"), ("debug", "Debug")])
    hosts = fields.HostListField()
    origin = fields.OriginField()


SENT = {"hsts": "on", "port": "8884", "level": "info", "hosts": "a.example\r\n[::1]\r\n", "origin": ""}
TYPED = {"hsts": True, "port": 8884, "level": "info", "hosts": ("a.example", "[::1]"), "origin": ""}


def test_a_form_gives_typed_values() -> None:
    form = Settings(SENT)
    assert form.is_valid()
    assert form.cleaned_data == TYPED


def test_sending_back_what_was_shown_changes_nothing() -> None:
    assert not Settings(SENT, initial=TYPED).has_changed()


def test_the_same_in_other_words_changes_nothing() -> None:
    other = {**SENT, "hsts": "yes", "level": "INFO", "hosts": "A.example,[0::1],a.example"}
    assert not Settings(other, initial=TYPED).has_changed()


@pytest.mark.parametrize(
    ("name", "text"),
    [("hsts", "off"), ("port", "8885"), ("port", "x"), ("hosts", "[::1]\na.example"), ("hosts", "")],
)
def test_another_meaning_is_a_change(name: str, text: str) -> None:
    assert Settings({**SENT, name: text}, initial=TYPED).changed_data == [name]


def test_a_disabled_field_keeps_its_value() -> None:
    form = Settings({}, initial=TYPED)
    for field in form.fields.values():
        field.disabled = True
    assert form.is_valid()
    assert form.cleaned_data == TYPED
    assert not form.has_changed()


def test_a_checkbox_that_the_browser_leaves_out_is_false() -> None:
    form = Settings({name: text for name, text in SENT.items() if name != "hsts"})
    assert form.is_valid()
    assert form.cleaned_data["hsts"] is False


def test_a_word_that_no_checkbox_sends_is_refused() -> None:
    assert Settings({**SENT, "hsts": "banana"}).errors == {
        "hsts": ["expected true or false (also yes/no, on/off, 1/0)"]
    }


@pytest.mark.parametrize("value", [True, "true", "on", "1", "YES"])
def test_a_checkbox_is_ticked_for_yes(value: Any) -> None:
    html = str(Settings(initial={"hsts": value})["hsts"])
    assert " checked" in html


@pytest.mark.parametrize("value", [False, None, "", "false", "off", "0", "banana"])
def test_a_checkbox_is_clear_for_everything_else(value: Any) -> None:
    assert " checked" not in str(Settings(initial={"hsts": value})["hsts"])
    assert " checked" not in str(Settings({"hsts": str(value)})["hsts"])


def test_a_checkbox_need_not_be_ticked() -> None:
    html = str(Settings()["hsts"])
    assert " required" not in html
    assert " value=" not in html


def test_a_list_is_shown_one_entry_a_line() -> None:
    assert "a.example\n[::1]</textarea>" in str(Settings(initial=TYPED)["hosts"])


def test_a_refused_text_is_shown_again_as_it_was_typed() -> None:
    form = Settings({**SENT, "port": "80x", "hosts": "a_b, c"})
    assert 'value="80x"' in str(form["port"])
    assert "a_b, c</textarea>" in str(form["hosts"])


def test_a_number_input_knows_the_bounds() -> None:
    html = str(Settings()["port"])
    for attribute in ('type="number"', 'inputmode="numeric"', 'min="1"', 'max="65535"', 'autocomplete="off"'):
        assert attribute in html


def test_a_negative_number_can_be_typed_on_a_phone() -> None:
    assert fields.IntegerRangeField(-5, 5).widget.attrs["inputmode"] == "text"


def test_a_choice_is_offered_with_its_label() -> None:
    assert '<option value="debug" selected>Debug</option>' in str(
        Settings(initial={"level": "debug"})["level"]
    )


def test_choices_can_be_radio_buttons() -> None:
    field = fields.ChoiceField(["info", "debug"], widget=forms.RadioSelect)
    html = str(type("Levels", (forms.Form,), {"level": field})()["level"])
    assert html.count('type="radio"') == 2


def test_the_choices_of_one_form_can_be_narrowed() -> None:
    form = Settings({**SENT, "level": "debug"})
    level = form.fields["level"]
    assert isinstance(level, fields.ChoiceField)
    level.choices = [("info", "Info")]
    assert form.errors == {"level": ["expected info"]}
    assert Settings({**SENT, "level": "debug"}).is_valid()
