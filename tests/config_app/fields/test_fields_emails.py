"""E-mail fields return each address in one spelling, so that addresses can be compared."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from config_app.fields import EmailField, EmailListField, canonical_email

NOT_ADDRESSES = [
    "ada", "ada@", "@example.com", "ada@example", "ada@@example.com", "ada@exa mple.com",
    "ada example@example.com", "ada@example.com.", "ada@.example.com", "ada@-example.com",
    "Ada <ada@example.com>", "mailto:ada@example.com", "ada@example.com\x00", "ada\n@example.com",
    "adá@example.com", "ada@bücher.example", "ada@straße.example", "*", "\u212aate@example.com",
    "*@example.com", "a*@example.com", "*ada@example.com", "ada@*.example.com",
    "ada@example.com;bob@example.com", '"a b"@example.com', '"a,b"@example.com', '"\x01"@example.com',
    "a" * 320 + "@example.com",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada.Lovelace+Hub@Example.COM\n", "ada.lovelace+hub@example.com"),
        ("root@localhost", "root@localhost"),
        ("o'hara@xn--bcher-kva.example", "o'hara@xn--bcher-kva.example"),
    ],
)
def test_an_address_comes_out_in_lower_case(text: str, address: str) -> None:
    assert EmailField().clean(text) == address


@pytest.mark.parametrize(
    "text", [*NOT_ADDRESSES, "", "ada@example.com,bob@example.com", 7, ["ada@example.com"]]
)
def test_anything_else_is_no_address(text: object) -> None:
    with pytest.raises(
        ValidationError, match=r"^\['expected an e-mail address such as ada@example.com(; |'\])"
    ):
        EmailField().clean(text)


def test_an_optional_address_may_be_missing() -> None:
    assert EmailField(required=False).clean("") is None


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", ()),
        ("B@example.com,\r\na@example.com, b@EXAMPLE.com,", ("b@example.com", "a@example.com")),
    ],
)
def test_an_address_list_keeps_order_and_drops_repetition(text: str, addresses: tuple[str, ...]) -> None:
    assert EmailListField().clean(text) == addresses


@pytest.mark.parametrize("text", ["*", "*@example.com", "ada@*"])
def test_a_wildcard_in_a_list_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a wildcard here, so name each address"):
        EmailListField().clean(f"ada@example.com, {text}")


@pytest.mark.parametrize("text", [*NOT_ADDRESSES, "a@example.com b@example.com"])
def test_one_wrong_address_refuses_the_list(text: str) -> None:
    with pytest.raises(ValidationError, match="expected e-mail addresses"):
        EmailListField().clean(f"ada@example.com\n{text}")


@pytest.mark.parametrize("lookalike", ["user@straße.example", "\u212aate@example.com", "uſer@example.com"])
def test_a_lookalike_that_folds_to_a_listed_address_is_no_address(lookalike: str) -> None:
    assert lookalike.casefold().isascii()
    assert canonical_email(lookalike) is None
