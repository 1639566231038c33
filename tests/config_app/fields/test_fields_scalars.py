"""Fields for booleans, numbers and choices give each text one meaning or refuse it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from config_app.fields import BooleanField, ChoiceField, IntegerRangeField, PortField


@pytest.mark.parametrize(
    "word", ["true", "TRUE", "True", "1", "yes", "Yes", "on", "ON", " true ", "on\n", True]
)
def test_a_word_for_yes_is_true(word: str | bool) -> None:
    assert BooleanField().clean(word) is True


@pytest.mark.parametrize("word", ["false", "FALSE", "False", "0", "no", "No", "off", "OFF", "\tfalse", False])
def test_a_word_for_no_is_false(word: str | bool) -> None:
    assert BooleanField().clean(word) is False


@pytest.mark.parametrize(
    "word",
    [
        "", " ", None, "t", "f", "y", "n", "banana", "2", "-1", "01", "1.0", "truе", "ﬀ", "oﬀ", "tru e",
        "none", "null", "enabled", "true,false", 1, 0, 1.0, [], ["true"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("required", [True, False])
def test_any_other_word_is_neither(word: object, required: bool) -> None:
    with pytest.raises(ValidationError, match="expected true or false"):
        BooleanField(required=required).clean(word)


def test_a_boolean_is_stored_as_true_or_false() -> None:
    assert [BooleanField().serialise(value) for value in (True, False)] == ["true", "false"]


@pytest.mark.parametrize(
    ("text", "port"), [("1", 1), ("8884", 8884), ("65535", 65535), (" 80\n", 80), (443, 443)]
)
def test_a_port_is_a_number(text: str | int, port: int) -> None:
    assert PortField().clean(text) == port


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "65536", "-1", "-0", "+80", "8884.0", "8e3", "0x50", "0o17", "0b1", "1_000", "1,000",
        "080", "00", "٨٠", "８０", "²", "abc", "80 80", "80\n81", "80;", ":80", "http", "9" * 5000, True,
        80.0, None, [80],
    ],
)  # fmt: skip
def test_anything_else_is_no_port(text: object) -> None:
    with pytest.raises(ValidationError, match=r"^\['expected a whole number from 1 to 65535(; |'\])"):
        PortField().clean(text)


@pytest.mark.parametrize("text", ["-5", "0", "12"])
def test_a_range_includes_its_bounds(text: str) -> None:
    assert IntegerRangeField(-5, 12).clean(text) == int(text)


@pytest.mark.parametrize("text", ["-6", "13", "--5", "- 5", "−5"])
def test_a_range_ends_at_its_bounds(text: str) -> None:
    with pytest.raises(ValidationError, match="expected a whole number from -5 to 12"):
        IntegerRangeField(-5, 12).clean(text)


def test_an_optional_number_may_be_missing() -> None:
    assert IntegerRangeField(1, 9, required=False).clean("") is None


@pytest.mark.parametrize("text", ["info", "INFO", " Info "])
def test_a_choice_is_taken_in_any_case_and_given_as_declared(text: str) -> None:
    assert ChoiceField(["debug", "info"]).clean(text) == "info"


@pytest.mark.parametrize("text", ["", "banana", "inf", "info,debug", "info debug", "ınfo", None, ["info"]])
def test_what_is_not_offered_is_refused(text: object) -> None:
    with pytest.raises(ValidationError, match=r"^\['expected one of debug or info(; |'\])"):
        ChoiceField(["debug", "info"]).clean(text)


def test_labels_are_not_choices() -> None:
    field = ChoiceField([("local", "This hub"), ("workos", "WorkOS")])
    assert field.clean("workos") == "workos"
    with pytest.raises(ValidationError):
        field.clean("This hub")


@pytest.mark.parametrize(
    ("choices", "expected"),
    [(["a"], "a"), (["a", "b"], "one of a or b"), ([("", "—"), "a", "b", "c"], "one of a, b or c")],
)
def test_the_expectation_lists_the_choices(choices: list[str | tuple[str, str]], expected: str) -> None:
    assert ChoiceField(choices).expected == expected


def test_a_synonym_is_the_word_that_it_stands_for() -> None:
    field = ChoiceField(["debug", "warning"], synonyms={"warn": "warning", "10": "debug"})
    assert [field.clean(text) for text in ("WARN", "warn", "Warning", "10")] == ["warning"] * 3 + ["debug"]
    assert field.clean("warning") == "warning"
    assert "warn," not in field.expected
    with pytest.raises(ValidationError, match="expected one of debug or warning"):
        field.clean("warned")
