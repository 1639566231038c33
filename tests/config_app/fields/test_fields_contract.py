"""Properties that every form field for settings has."""

from __future__ import annotations

import copy
import inspect
import traceback
from types import ModuleType
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from config_app import fields
from config_app.declaration.secret import Secret
from config_app.fields import SettingField
from hub.configuration import fields as hub_fields

CANARY = "c4nary \x00 of a value"

digits_and_letters = st.text("abcXYZ019_", min_size=8, max_size=40)
any_case = st.sampled_from([str.lower, str.upper, str.title])
names = st.from_regex(r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,9}[a-zA-Z0-9])?\.){0,3}[a-zA-Z]{2,9}", fullmatch=True)
addresses = st.ip_addresses().map(str)
hosts = names | addresses
hosts_in_urls = names | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map("[{}]".format)
ports = st.just("") | st.integers(1, 65535).map(":{}".format)
origins = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    hosts_in_urls,
    ports,
    st.sampled_from(["", "/"]),
)
paths = st.from_regex(r"(/[A-Za-z0-9._~-]{0,8}){0,3}(\?[a-z=&]{0,9})?", fullmatch=True)
networks = st.ip_addresses(network="10.0.0.0/8").map(str) | st.sampled_from(
    ["10.0.0.0/8", "FD00::/8", "::/0"]
)
emails = st.from_regex(r"[A-Za-z0-9+_-]{1,20}@([A-Za-z0-9]{1,20}\.){1,2}[a-zA-Z]{2,10}", fullmatch=True)
printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)


def lists_of(entries: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return a strategy for lists, with the separators that people type."""
    separator = st.sampled_from([",", "\n", "\r\n", ", ", ",,\n", " ,"])
    return st.builds(str.join, separator, st.lists(entries, max_size=6))


# One instance of every field, with texts that it should accept.
KINDS: list[tuple[SettingField[Any], st.SearchStrategy[str]]] = [
    (
        fields.BooleanField(),
        st.builds(lambda f, w: f(w), any_case, st.sampled_from(["true", "no", "on", "0"])),
    ),
    (fields.IntegerRangeField(-9, 99), st.integers(-9, 99).map(str)),
    (fields.PortField(), st.integers(1, 65535).map(str)),
    (
        fields.ChoiceField(["Red", "green"]),
        st.builds(lambda f, w: f(w), any_case, st.sampled_from(["red", "green"])),
    ),
    (fields.TextField(), st.text("aé /.", min_size=1).map("x{}x".format)),
    (fields.HostField(), hosts),
    (fields.HostListField(), lists_of(hosts | names.map(".{}".format))),
    (fields.CidrListField(), lists_of(networks | addresses)),
    (fields.OriginField(), origins | st.just("")),
    (fields.OriginListField(), lists_of(origins) | st.just("*")),
    (fields.UrlField(), st.builds(str.__add__, origins.map(lambda o: o.rstrip("/")), paths) | st.just("")),
    (fields.HttpsOriginField(), names | names.map("https://{}/".format) | st.just("http://localhost:1")),
    (fields.EmailField(), emails),
    (fields.EmailListField(), lists_of(emails)),
    (hub_fields.ClientIdField(), digits_and_letters.map("client_{}".format)),
    (fields.SecretField(), printable.map("x{}x".format)),
    (hub_fields.ApiKeyField(), digits_and_letters.map("sk_{}".format)),
    (hub_fields.InstallIdField(), st.text("0123456789abcdef", min_size=8, max_size=8)),
    (hub_fields.OrganizationIdField(), digits_and_letters.map("org_{}".format)),
    (hub_fields.RoleField(), st.from_regex(r"\A[a-z0-9][a-z0-9_:-]{0,20}\Z")),
    (fields.FernetKeyField(), st.text("abcXYZ019-_", min_size=43, max_size=43).map("{}=".format)),
    (fields.WebhookSecretField(), printable.map("0123456789abcdef{}!".format)),
]
BASES = {fields.SettingField, fields.ListField}
every_kind = pytest.mark.parametrize(
    ("field", "texts"), KINDS, ids=[type(field).__name__ for field, _ in KINDS]
)
every_field = pytest.mark.parametrize(
    "field", [f for f, _ in KINDS], ids=[type(f).__name__ for f, _ in KINDS]
)


def taken(field: SettingField[Any], text: Any) -> Any:
    """Return the value of ``text``; check that its stored text leads to the same value and text again."""
    value = field.clean(text)
    stored = field.serialise(value)
    assert field.clean(stored) == value
    assert field.serialise(field.clean(stored)) == stored
    return value


def test_every_field_is_listed_here() -> None:
    exported = {getattr(fields, name) for name in fields.__all__}
    kinds = {kind for kind in exported if inspect.isclass(kind) and issubclass(kind, SettingField)}
    of_the_hub = {kind for kind in vars(hub_fields).values() if is_declared_in(hub_fields, kind)}
    assert {type(field) for field, _ in KINDS} == (kinds | of_the_hub) - BASES


def is_declared_in(module: ModuleType, kind: Any) -> bool:
    return inspect.isclass(kind) and kind.__module__ == module.__name__


@every_kind
@given(data=st.data())
def test_a_valid_text_survives_the_way_to_the_database_and_back(
    field: SettingField[Any], texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    taken(field, data.draw(texts))


@every_field
@given(text=st.text() | st.text("0123456789abcdef.:/*,-_@[] \n", max_size=30))
def test_any_text_is_taken_or_refused_with_the_expectation(field: SettingField[Any], text: str) -> None:
    try:
        taken(field, text)
    except ValidationError as error:
        (message,) = error.messages
        assert message == f"expected {field.expected}" or message.startswith(f"expected {field.expected}; ")


@every_kind
@given(
    data=st.data(), before=st.sampled_from(["", " ", "\n", "\t "]), after=st.sampled_from(["", " ", "\r\n"])
)
def test_space_around_a_text_means_nothing(
    field: SettingField[Any], texts: st.SearchStrategy[str], data: st.DataObject, before: str, after: str
) -> None:
    text = data.draw(texts)
    assert field.clean(f"{before}{text}{after}") == field.clean(text)


@every_kind
@given(data=st.data())
def test_a_value_that_is_typed_already_is_taken_as_it_is(
    field: SettingField[Any], texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    value = field.clean(data.draw(texts))
    assert field.clean(value) == value
    assert not field.has_changed(value, field.serialise(value))


@every_field
def test_a_refusal_never_repeats_the_value(field: SettingField[Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        field.clean(CANARY)
    assert caught.value.__context__ is None
    assert "c4nary" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert caught.value.params is None


@every_field
@pytest.mark.parametrize("value", [object(), {}, {"a": 1}, b"x", 1.5, [object()], (None,), float("nan")])
def test_what_is_neither_text_nor_typed_is_refused(field: SettingField[Any], value: object) -> None:
    with pytest.raises(ValidationError, match="expected "):
        field.clean(value)


@every_field
def test_the_expectation_reads_as_a_noun_phrase_in_one_line(field: SettingField[Any]) -> None:
    assert field.expected == field.expected.strip().rstrip(".")
    assert len(field.expected.splitlines()) == 1
    assert not field.expected.startswith("expected")


@every_field
def test_an_optional_field_gives_its_empty_value_for_the_empty_text(field: SettingField[Any]) -> None:
    optional = copy.deepcopy(field)
    optional.required = False
    if isinstance(field, fields.BooleanField):
        return  # the field has no empty value: see test_any_other_word_is_neither
    assert optional.clean("") == optional.empty_value
    assert optional.clean(None) == optional.empty_value
    assert optional.serialise(optional.empty_value) == ""


@every_field
def test_a_required_field_refuses_the_empty_text(field: SettingField[Any]) -> None:
    required = copy.deepcopy(field)
    required.required = True
    required.empty_value = () if isinstance(field, fields.ListField) else None
    for empty in ("", " \n", None):
        with pytest.raises(ValidationError) as caught:
            required.clean(empty)
        assert caught.value.messages == [f"expected {field.expected}"]


@every_field
def test_a_copy_can_be_customised_without_touching_the_declaration(field: SettingField[Any]) -> None:
    twin = copy.deepcopy(field)
    before = {**vars(field), "widget": None}, dict(field.widget.attrs), dict(type(field).attributes)
    twin.required, twin.label, twin.empty_value = not field.required, "Other", "other"
    twin.widget.attrs["placeholder"] = "other"
    assert ({**vars(field), "widget": None}, dict(field.widget.attrs), dict(type(field).attributes)) == before


@every_field
def test_two_fields_of_a_kind_share_nothing_that_changes(field: SettingField[Any]) -> None:
    arguments: dict[str, Any] = {
        "ChoiceField": {"choices": ["a"]},
        "IntegerRangeField": {"min_value": 1, "max_value": 2},
    }
    one, other = (type(field)(**arguments.get(type(field).__name__, {})) for _ in range(2))
    one.widget.attrs["placeholder"] = "one"
    assert "placeholder" not in other.widget.attrs
    assert "placeholder" not in type(field)(**arguments.get(type(field).__name__, {})).widget.attrs


@every_field
def test_the_widget_leaves_what_is_typed_alone(field: SettingField[Any]) -> None:
    attrs = field.widget.attrs
    assert attrs["autocomplete"] in ("off", "new-password")
    if isinstance(field.widget, forms.TextInput | forms.Textarea | forms.PasswordInput):
        assert attrs["spellcheck"] == "false"
    assert "style" not in attrs


@every_kind
@given(data=st.data())
def test_a_form_shows_a_value_in_a_text_that_means_the_same(
    field: SettingField[Any], texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    value = field.clean(data.draw(texts))
    shown = field.prepare_value(value)
    if isinstance(value, Secret):
        assert shown is None
    else:
        assert field.clean(shown) == value
