"""``manage.py check`` finds mistakes in declarations; each kind of mistake has its own id."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.core.checks import CheckMessage

from config_app import checks, fields
from config_app.declaration.schema import Schema
from config_app.declaration.secret import Secret
from config_app.declaration.setting import Section, setting
from config_app.errors import RuleViolation
from tests.support.declarations import FIRST, FieldWithoutSerialise, Small, declared, small


def found(monkeypatch: pytest.MonkeyPatch, schema: Schema[Any]) -> list[CheckMessage]:
    """Return the messages that the checks report for a schema."""
    monkeypatch.setattr(checks, "get_schema", lambda: schema)
    return [*checks.check_declarations(), *checks.check_defaults()]


def test_a_good_declaration_gives_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, small()) == []


def test_the_hub_has_only_good_ones() -> None:
    assert [*checks.check_declarations(), *checks.check_defaults()] == []


BAD = {
    "config_app.E001": declared(1, field=FieldWithoutSerialise()),
    "config_app.E003": declared(0),
    "config_app.E004": declared(1, key="encryption_key_salt"),
    "config_app.W001": declared(1, help=" "),
}


@pytest.mark.parametrize("number", BAD)
def test_each_mistake_has_an_id_and_a_hint(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    (message,) = found(monkeypatch, BAD[number])
    assert message.id == number
    assert message.hint
    assert "one" in str(message.msg) or number == "config_app.E004"


def test_two_sections_with_one_key_are_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def schema(title: str) -> Schema[Any]:
        section = Section(key="first", title=title)
        both = [("one", int, number(FIRST)), ("two", int, number(section))]
        return Schema(dataclasses.make_dataclass("Config", both, frozen=True, kw_only=True))

    def number(section: Section) -> Any:
        return setting(1, section=section, label="A", field=fields.PortField(), help="A number.")

    (message,) = found(monkeypatch, schema("Other"))
    assert message.id == "config_app.W003"
    assert found(monkeypatch, schema("First")) == []


@pytest.mark.parametrize("key", ["a b", "1st", "x" * 65, "é", "a-b"])
def test_a_key_is_made_of_letters_digits_and_underscores(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    (message,) = found(monkeypatch, declared(1, key=key))
    assert message.id == "config_app.E004"


def test_a_secret_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = declared(Secret("canary"), annotation=Secret, field=fields.SecretField())
    (message,) = found(monkeypatch, schema)
    assert message.id == "config_app.E003"
    assert "canary" not in str(message)


def test_defaults_that_break_a_rule_together_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_config: Small) -> list[RuleViolation]:
        return [RuleViolation(["port"], "expected another", "change it")]

    (message,) = found(monkeypatch, small(rules=[never]))
    assert (message.id, message.hint) == ("config_app.E002", "change it")
    assert "port: expected another" in str(message.msg)
