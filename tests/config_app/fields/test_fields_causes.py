"""A refusal names the cause and its cure: the quotes, the wildcard, the wrong separator and so on (R18)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from config_app import fields
from config_app.declaration.slips import find_slip
from config_app.fields import ListField, SettingField
from hub.configuration import fields as hub_fields

GOOD: list[tuple[SettingField[Any], str]] = [
    (fields.BooleanField(), "true"),
    (fields.IntegerRangeField(1, 99), "42"),
    (fields.PortField(), "8884"),
    (fields.ChoiceField(["info", "debug"]), "info"),
    (fields.HostField(), "www.example.com"),
    (fields.HostListField(), "www.example.com"),
    (fields.CidrListField(), "10.0.0.0/8"),
    (fields.OriginField(), "https://www.example.com"),
    (fields.OriginListField(), "https://www.example.com"),
    (fields.UrlField(), "https://www.example.com/r"),
    (fields.HttpsOriginField(), "https://www.example.com"),
    (fields.EmailField(), "ada@example.com"),
    (fields.EmailListField(), "ada@example.com"),
    (hub_fields.ClientIdField(), "client_4711"),
    (hub_fields.ApiKeyField(), "sk_test_4711abcd"),
    (hub_fields.InstallIdField(), "0123abcd"),
    (hub_fields.OrganizationIdField(), "org_4711"),
    (hub_fields.RoleField(), "admin"),
    (fields.FernetKeyField(), "A" * 43 + "="),
]
"""A valid text for each field that does not accept every text."""
every_field = pytest.mark.parametrize(
    ("field", "text"), GOOD, ids=[type(field).__name__ for field, _ in GOOD]
)
SLIPS = [
    ('"{}"', "remove the quotes around the value"),
    ("'{}'", "remove the quotes around the value"),
    ("“{}”", "remove the quotes around the value"),
    ("`{}`", "remove the quotes around the value"),
    ("\ufeff{}", "remove the invisible character U+FEFF (byte order mark)"),
    ("{}\u200b", "remove the invisible character U+200B (zero width space)"),
    ("\u2066{}\u2069", "remove the invisible character U+2066 (left-to-right isolate)"),
    ("{}\u00ad", "remove the invisible character U+00AD (soft hyphen)"),
    ("{}\u00a0\u2060", "remove the invisible character U+00A0 (no-break space)"),
    ("{}\x00", "remove the invisible character U+0000 (control character)"),
    ("${{NAME}}{}", "no program has replaced the variable in this text, so write the value itself"),
    ("{}${{NAME:-x}}", "no program has replaced the variable in this text, so write the value itself"),
    ("$(cat {})", "no program has replaced the variable in this text, so write the value itself"),
    ("{{{{ {} }}}}", "no program has replaced the variable in this text, so write the value itself"),
]


def refusal(field: SettingField[Any], text: str) -> str:
    """Return the hint with which a field refuses a text."""
    with pytest.raises(ValidationError) as caught:
        copy.deepcopy(field).clean(text)
    (message,) = caught.value.messages
    assert caught.value.__context__ is None
    expected = f"expected {field.expected}; "
    assert message.startswith(expected), message
    return message.removeprefix(expected).removeprefix("entry 1: ")


@every_field
def test_the_text_without_a_slip_is_good(field: SettingField[Any], text: str) -> None:
    assert field.clean(text) is not None
    assert find_slip(text) == ""


@every_field
@pytest.mark.parametrize(("pattern", "cure"), SLIPS)
def test_every_field_names_what_was_left_around_a_value(
    field: SettingField[Any], text: str, pattern: str, cure: str
) -> None:
    assert refusal(field, pattern.format(text)) == cure


@every_field
def test_every_field_recognises_json(field: SettingField[Any], text: str) -> None:
    instead = "the entries without brackets and quotes" if isinstance(field, ListField) else "only the value"
    for json in (f'["{text}"]', f'["{text}", "x"]', f"['{text}']", f'{{"a": "{text}"}}'):
        assert refusal(field, json) == f"this is JSON, so write {instead}"


@pytest.mark.parametrize(
    ("field", "text"),
    [(f, t) for f, t in GOOD if isinstance(f, ListField)],
    ids=lambda value: str(type(value)),
)
@pytest.mark.parametrize("separator", [" ", "  ", "; ", ";", "|", "\t", "\u00a0"])
def test_every_list_names_the_right_separator(field: SettingField[Any], text: str, separator: str) -> None:
    assert refusal(field, f"{text}{separator}{text}") == "separate the entries with commas or new lines"


XN = "an international name works only in its xn-- form: xn--bcher-kva.example"
ANY_XN = "an international name works only in its xn-- form"
NO_WILDCARD = "* is not a wildcard here"
IPV4 = "write an IPv4 address as four numbers from 0 to 255, without leading zeros"
NO_MASK = "write the length of the prefix, such as /8, instead of a mask"
ONLY_ADDRESS = "write only the address, without the name and without < and >"
PERCENT = "percent-encode the characters that are not allowed in a path or a query"
CAUSES = [
    (fields.HostField, "*", "0.0.0.0 means all IPv4 addresses of this machine"),
    (fields.HostField, "*.example.com", NO_WILDCARD),
    (fields.HostField, "https://www.example.com", "leave out the scheme, such as https://"),
    (fields.HostField, "www.example.com:443", "leave out the port"),
    (fields.HostField, "www.example.com/x", "leave out / and the part after it"),
    (fields.HostField, "user@www.example.com", "leave out the part up to @"),
    (fields.HostField, "a.example,b.example", "name only one host"),
    (fields.HostField, "a.example b.example", "a host name has no space"),
    (fields.HostField, "a_b.example", "a host name has no underscore"),
    (fields.HostField, "fe80::1%eth0", "leave out % and the zone after it"),
    (fields.HostField, "10.0.0.01", IPV4),
    (fields.HostField, "127.1", IPV4),
    (fields.HostField, ".example.com", "leave out the dot at the start"),
    (fields.HostField, "bücher.example", XN),
    (fields.HostField, "straße.example", ANY_XN),
    (fields.HostField, "пример.рф", f"{ANY_XN}: xn--e1afmkfd.xn--p1ai"),
    (fields.HostListField, "*", "* would turn off the check of the Host header, so name each host"),
    (fields.HostListField, "*.example.com", "a domain with its subdomains starts with a dot, not with *"),
    (fields.HostListField, "www*.example.com", NO_WILDCARD),
    (fields.HostListField, "https://www.example.com", "leave out the scheme, such as https://"),
    (fields.HostListField, "www.example.com:443", "leave out the port"),
    (fields.HostListField, "bücher.example", XN),
    (fields.CidrListField, "*", f"{NO_WILDCARD}, so write a network such as 10.0.0.0/8"),
    (fields.CidrListField, "10.0.*", f"{NO_WILDCARD}, so write a network such as 10.0.0.0/8"),
    (fields.CidrListField, "10.0.0.0/255.0.0.0", NO_MASK),
    (fields.CidrListField, "10.0.0.1-10.0.0.9", "write a network instead of a range"),
    (fields.CidrListField, "10.0.0.1:443", "leave out the port"),
    (fields.CidrListField, "[::1]", "leave out the brackets and the port"),
    (fields.CidrListField, "10/8", f"{IPV4}, and a prefix up to /32"),
    (fields.CidrListField, "10.0.0.1/8", "a network has only zeros after its prefix, so write 10.0.0.0/8"),
    (fields.CidrListField, "fd00::1/64", "a network has only zeros after its prefix, so write fd00::/64"),
    (fields.CidrListField, "nginx", "a name can mean another machine tomorrow, so write the address"),
    (fields.CidrListField, "http://10.0.0.1", "leave out the scheme, such as https://"),
    (fields.EmailField, "*@example.com", f"{NO_WILDCARD}, so name each address"),
    (fields.EmailField, "Ada <ada@example.com>", ONLY_ADDRESS),
    (fields.EmailField, "mailto:ada@example.com", "leave out mailto:"),
    (fields.EmailField, "ada.example.com", "there is no @"),
    (fields.EmailField, "ada@example", "the domain after the @ needs a dot, as in example.com"),
    (fields.EmailField, "ada@example.com, bob@example.com", "enter only one address"),
    (fields.EmailField, "ada@example.com bob@example.com", "enter only one address"),
    (fields.EmailField, "adá@example.com", "only ASCII characters can stand before the @"),
    (fields.EmailField, "ada@bücher.example", XN),
    (fields.EmailListField, "*", f"{NO_WILDCARD}, so name each address"),
    (fields.EmailListField, "ada@bücher.example", XN),
    (fields.PortField, "tcp://10.96.0.7:8884", "this is an address, and not a number"),
    (fields.PortField, "８８８４", "use the digits 0 to 9"),
    (fields.PortField, "08884", "leave out the plus sign and leading zeros"),
    (fields.PortField, "+8884", "leave out the plus sign and leading zeros"),
    (fields.PortField, "8,884", "write only digits, without separators and units"),
    (fields.PortField, "8884/tcp", "write only digits, without separators and units"),
    (fields.BooleanField, "truе", "a letter in it is not an ASCII letter"),
    (fields.UrlField, "www.example.com/report", "write the scheme too, such as https://"),
    (fields.UrlField, "https://www.example.com/a b", PERCENT),
    (fields.UrlField, "https://www.example.com/#top", "leave out # and the part after it"),
    (fields.HttpsOriginField, "https://www.example.com/x", "leave out the path"),
    *(
        (kind, text, cure)
        for kind in (fields.OriginField, fields.OriginListField)
        for text, cure in (
            ("www.example.com", "write the scheme too, such as https://"),
            ("www.example.com:8443", "write the scheme too, such as https://"),
            ("ftp://www.example.com", "the scheme must be http:// or https://"),
            ("https://*.example.com", f"{NO_WILDCARD}, so name the host"),
            ("https://www.example.com/path", "leave out the path"),
            ("https://www.example.com/#top", "leave out # and the part after it"),
            ("https://user:pw@www.example.com", "leave out the user name and the password"),
            ("https://www.example.com:70000", "the port must be from 1 to 65535"),
            ("https://www.example.com:", "the port must be from 1 to 65535"),
            ("https://a_b.example.com", "a host name has no underscore"),
            ("https://bücher.example", XN),
            ("https://bücher.example:8443", XN),
            ("https:\\\\www.example.com", "write / instead of a backslash"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "cure"), CAUSES)
def test_a_refusal_names_this_cause(kind: type[SettingField[Any]], text: str, cure: str) -> None:
    assert refusal(kind(), text) == cure


def test_an_entry_is_named_by_its_place() -> None:
    with pytest.raises(ValidationError, match="; entry 2: remove the quotes around the value"):
        fields.HostListField().clean("a.example, 'b.example', c.example")


def test_a_hint_of_a_project_is_used_too() -> None:
    class Color(SettingField[str]):
        expected = "red or green"

        def parse(self, text: str) -> str:
            raise self.refusal()

        def hint(self, text: str) -> str:
            return "write the word" if text.startswith("#") else super().hint(text)

    assert refusal(Color(), "#ff0000") == "write the word"
    assert refusal(Color(), '"red"') == "remove the quotes around the value"
