"""Parsing, serialising, form fields, masking and rules all come from one declaration."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from config_app import fields
from config_app.declaration.schema import NOT_SET, SECRET_SET, Schema
from config_app.declaration.secret import Secret
from config_app.declaration.setting import Editable, TakesEffect, setting
from config_app.errors import ConfigError, InvalidValue, ManagedSetting, RuleViolation, UnknownSetting
from hub.runtime_config import schema as hub_schema
from tests.support.declarations import FIRST, SECOND, Small, declared, small

every_setting = pytest.mark.parametrize("setting", hub_schema.settings.values(), ids=lambda s: s.key)


def test_settings_keep_their_order_and_their_two_names() -> None:
    schema = small()
    assert list(schema.settings) == ["port", "host_names", "password"]
    assert [s.attribute for s in schema.settings.values()] == ["port", "hosts", "password"]
    assert schema.sections == (FIRST, SECOND)
    assert [s.key for s in schema.in_section(SECOND)] == ["host_names", "password"]


def test_secrecy_is_the_annotated_type() -> None:
    assert [s.key for s in small().settings.values() if s.is_secret] == ["password"]


def test_absent_values_are_the_defaults() -> None:
    config = small().build({"host_names": ("a.example",)})
    assert config == Small(hosts=("a.example",))
    assert small().defaults == Small()


def test_a_key_that_no_setting_has_is_refused_with_what_was_probably_meant() -> None:
    for key, meant in (
        ("prot", "port"),
        ("hosts", "host_names"),
        ("PORT", "port"),
        ("hostnames", "host_names"),
    ):
        with pytest.raises(UnknownSetting, match=f"{key}: no such setting; did you mean {meant}"):
            small()[key]


def test_a_value_in_the_place_of_a_key_is_not_repeated() -> None:
    for key in ("sk_test-canary", "", "a b", "\x1b[0m", "x" * 65, "1canary"):
        with pytest.raises(UnknownSetting) as caught:
            small()[key]
        assert str(caught.value).startswith("unknown key: no such setting")


def test_what_only_the_code_writes_is_not_writable() -> None:
    schema = declared(1, editable=Editable.MANAGED)
    with pytest.raises(ManagedSetting, match="one: cannot be set by hand"):
        schema.writable("one")
    assert schema["one"].managed
    assert not schema["one"].in_editor


def test_a_value_becomes_text_and_comes_back() -> None:
    schema = small()
    assert schema["host_names"].canonical((" A.example ", "b.example")[1:]) == "b.example"
    assert schema["host_names"].canonical(" A.Example , b.example,") == "a.example,b.example"
    assert schema["host_names"].parse("a.example,b.example") == ("a.example", "b.example")
    assert schema["port"].canonical(8080) == schema["port"].canonical(" 8080 ") == "8080"


@pytest.mark.parametrize("value", ["abc", "0", 70000, "", None, 1.5, (), Secret("canary")])
def test_a_value_that_is_not_valid_is_refused_and_not_repeated(value: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        small()["port"].canonical(value)
    assert str(caught.value) == "port: expected a whole number from 1 to 65535"


def test_a_secret_is_shown_only_as_set_or_not() -> None:
    password = small()["password"]
    assert password.display(Secret("canary")) == SECRET_SET
    assert password.display(None) == NOT_SET
    assert password.canonical(Secret("canary")) == password.canonical("canary") == "canary"


def test_an_empty_secret_is_refused_with_the_way_to_remove_it() -> None:
    with pytest.raises(InvalidValue, match="to remove the secret, unset workos_api_key"):
        hub_schema["workos_api_key"].parse(" ")


def test_a_form_field_is_a_copy() -> None:
    one, two = small()["port"].form_field(), small()["port"].form_field()
    one.label = "changed"
    assert (two.label, two.help_text) == ("Port", "A port.")
    assert small()["port"].declaration.field.label is None


def test_rules_look_at_the_whole_and_guards_at_what_changes() -> None:
    def needs_a_host(config: Small) -> list[RuleViolation]:
        return [] if config.hosts else [RuleViolation(["host_names"], "expected a host")]

    def never_down(before: Small, after: Small) -> list[RuleViolation]:
        return [RuleViolation(["port"], "expected more")] if after.port < before.port else []

    schema = small(rules=[needs_a_host], guards=[never_down])
    assert [v.keys for v in schema.violations(Small())] == [("host_names",)]
    assert schema.violations(Small(hosts=("a.example",))) == []
    assert [v.keys for v in schema.objections(Small(port=2), Small(port=1))] == [("port",)]
    assert schema.objections(Small(port=1), Small(port=2)) == []


def test_changed_keys_are_those_whose_values_differ() -> None:
    one, two = Small(port=1, password=Secret("a")), Small(port=1, password=Secret("b"))
    assert small().changed_keys(one, two) == ["password"]
    assert small().changed_keys(one, Small(port=1, password=Secret("a"))) == []


def test_a_class_that_is_no_frozen_dataclass_is_a_mistake() -> None:
    class Plain:
        port = 1

    with pytest.raises(TypeError, match="Plain must be a frozen dataclass"):
        Schema(Plain)
    with pytest.raises(TypeError, match="Loose must be a frozen dataclass"):
        Schema(dataclasses.make_dataclass("Loose", ["port"]))


def test_a_field_without_a_declaration_is_a_mistake() -> None:
    config_class = dataclasses.make_dataclass("Half", [("port", int, 1)], frozen=True)
    with pytest.raises(TypeError, match=r"Half\.port must be declared with setting\(\)"):
        Schema(config_class)


def test_two_settings_of_one_key_are_a_mistake() -> None:
    def one(key: str | None) -> Any:
        return setting(1, key=key, section=FIRST, label="A port", field=fields.PortField(), help="A port.")

    pair = [("port", int, one(None)), ("other", int, one("port"))]
    with pytest.raises(TypeError, match="two settings have the key port"):
        Schema(dataclasses.make_dataclass("Twice", pair, frozen=True))


@every_setting
def test_every_default_is_valid_and_survives_a_round_trip(setting: Any) -> None:
    if setting.default is not None:
        assert setting.parse(setting.serialise_optional(setting.default)) == setting.default


@every_setting
def test_every_setting_says_what_it_is_and_what_it_expects(setting: Any) -> None:
    assert setting.label
    assert setting.help.endswith(".")
    assert setting.expected
    assert setting.takes_effect in TakesEffect
    assert setting.takes_effect.description
    assert setting.section in hub_schema.sections


@every_setting
@pytest.mark.parametrize("text", ["\0", "\n", "a\r\nb: c", "\ud800", "x" * 100_000, "é;'\"--"])
def test_no_setting_takes_what_would_break_a_header_or_a_line(setting: Any, text: str) -> None:
    said = stored_or_refused(setting, text)
    assert "\n" not in said
    assert "\0" not in said


def stored_or_refused(setting: Any, text: str) -> str:
    """Return the stored text or the error message, with each copy of ``text`` replaced by a new line."""
    try:
        stored: str = setting.serialise_optional(setting.parse(text))
    except ConfigError as error:
        return str(error).replace(text.strip() or "\n", "\n")
    return stored
