"""The value of a secret field is a ``Secret``; no form and no error message shows it."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django import forms
from django.core.exceptions import ValidationError

from config_app.declaration.secret import MASK, Secret
from config_app.fields import FernetKeyField, SecretField, WebhookSecretField
from hub.configuration.fields import ApiKeyField, ClientIdField

# Not random: every test process must collect the same tests.
FERNET_KEY = "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc="
PLAIN_KEY = "+/" * 21 + "8="
KEY = "-_" * 21 + "8="
EVERY_SECRET = [SecretField, ApiKeyField, FernetKeyField, WebhookSecretField]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (SecretField(), "x"),
        (SecretField(), "pass  wörd 🔑, with = everything; \"in\" 'it' \u200d"),
        (ApiKeyField(), "sk_test_a1B2c3D4e5"),
        (ApiKeyField(), "sk_live_a+b/c=d#e-f.g~h:i"),
        (FernetKeyField(), FERNET_KEY),
        (WebhookSecretField(), "0123456789abcdef"),
        (WebhookSecretField(), "correct horse battery staple"),
    ],
)
def test_a_secret_comes_out_wrapped_and_as_it_was(field: SecretField, text: str) -> None:
    assert field.clean(f" {text}\r\n") == Secret(text)


def test_a_secret_that_is_wrapped_already_is_checked_too() -> None:
    assert ApiKeyField().clean(Secret("sk_test_a1B2c3D4e5")) == Secret("sk_test_a1B2c3D4e5")
    with pytest.raises(ValidationError):
        ApiKeyField().clean(Secret("pk_test_a1B2c3D4e5"))


@pytest.mark.parametrize("field_class", EVERY_SECRET)
@pytest.mark.parametrize("text", ["", "   ", "\n", None])
def test_an_empty_text_is_no_secret(field_class: type[SecretField], text: str | None) -> None:
    with pytest.raises(ValidationError, match="expected "):
        field_class().clean(text)
    assert field_class(required=False).clean(text) is None


@pytest.mark.parametrize("field_class", EVERY_SECRET)
@pytest.mark.parametrize("text", [b"sk_test_a1B2c3D4e5", 1234567890123456, ["sk_test_a1B2c3D4e5"], True])
def test_only_text_is_a_secret(field_class: type[SecretField], text: object) -> None:
    with pytest.raises(ValidationError, match="expected "):
        field_class().clean(text)


@pytest.mark.parametrize("field_class", EVERY_SECRET)
@pytest.mark.parametrize("character", list("\x00\t\n\r\x1b\x7f\x85\ud800"))
def test_a_secret_has_no_control_characters(field_class: type[SecretField], character: str) -> None:
    with pytest.raises(ValidationError, match="expected "):
        field_class().clean(f"sk_test_a1B2c3D4e5{character}sk_test_a1B2c3D4e5")


@pytest.mark.parametrize("mask", [MASK, MASK * 4, "********", "●●●●●●●●●●●●●●●●"])
@pytest.mark.parametrize("field_class", EVERY_SECRET)
def test_a_mask_is_not_taken_for_the_secret_behind_it(field_class: type[SecretField], mask: str) -> None:
    with pytest.raises(ValidationError, match="expected "):
        field_class().clean(mask)


@pytest.mark.parametrize(
    "text",
    [
        "sk_", "sk_1234567", "SK_12345678", "pk_12345678", "sk-12345678", "sk_1234 5678",
        "xsk_12345678", "sk_１２３４５６７８", "sk_12345678é", "client_12345678", "'sk_12345678'",
    ],
)  # fmt: skip
def test_what_does_not_look_like_an_api_key_is_refused(text: str) -> None:
    expected = "`sk_` followed by at least 8 visible ASCII characters"
    with pytest.raises(ValidationError, match=rf"^\['expected {expected}(; |'\])"):
        ApiKeyField().clean(text)


@pytest.mark.parametrize(
    "text",
    [
        FERNET_KEY + "=", FERNET_KEY[1:], FERNET_KEY[:-2], "A" * 44, "*" * 43 + "=",
        "=" * 44, "A" * 42 + "==", "é" * 43 + "=", "A" * 20 + " " + "A" * 22 + "=",
    ],
)  # fmt: skip
def test_what_is_no_fernet_key_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="expected a Fernet key"):
        FernetKeyField().clean(text)


@pytest.mark.parametrize("text", [KEY[:-1], PLAIN_KEY, PLAIN_KEY[:-1], f" {PLAIN_KEY}\n"])
def test_a_fernet_key_in_another_base64_is_the_same_key(text: str) -> None:
    assert FernetKeyField().clean(text) == Secret(KEY)
    assert not FernetKeyField().has_changed(KEY, text)


@pytest.mark.parametrize("last", "AEIMQUYcgkosw048BDFz9_-")
def test_fernet_takes_every_key_that_the_field_takes(last: str) -> None:
    Fernet(FernetKeyField().clean("Zm9v" * 10 + "Zm" + last + "=").reveal())


@pytest.mark.parametrize("text", ["0123456789abcde", " 0123456789abcde ", "x"])
def test_a_short_webhook_secret_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="expected at least 16 characters"):
        WebhookSecretField().clean(text)


@pytest.mark.parametrize("field_class", EVERY_SECRET)
@pytest.mark.parametrize("widget", [None, forms.TextInput, forms.Textarea])
def test_a_form_never_shows_a_secret(
    field_class: type[SecretField], widget: type[forms.Widget] | None
) -> None:
    field = field_class(widget=widget)
    form_class = type("SecretForm", (forms.Form,), {"key": field})
    for form in (
        form_class(initial={"key": Secret("c4nary")}),
        form_class({"key": "c4nary"}, initial={"key": "c4nary"}),
    ):
        assert "c4nary" not in str(form["key"]) + form.as_p()


def test_a_browser_does_not_fill_in_a_secret() -> None:
    attrs = SecretField().widget.attrs
    assert attrs["autocomplete"] == "new-password"


@pytest.mark.parametrize(
    ("typed", "changed"), [("", False), (None, False), ("other", True), ("same", False), ("ot\x00her", True)]
)
def test_a_blank_input_keeps_the_secret(typed: str | None, changed: bool) -> None:
    assert SecretField().has_changed(Secret("same"), typed) is changed


def test_a_secret_is_serialised_for_whoever_encrypts_it() -> None:
    assert SecretField().serialise(Secret("x y")) == "x y"
    assert SecretField().serialise(None) == ""


@pytest.mark.parametrize("text", ["client_01HXYZ", "client_test_1", "  client_A\n"])
def test_a_client_id_is_kept_as_it_is(text: str) -> None:
    assert ClientIdField().clean(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "client_",
        "CLIENT_1",
        "client-1",
        "client_a b",
        "client_a-b",
        "client_é",
        "sk_12345678",
        "xclient_1",
        7,
    ],
)
def test_anything_else_is_no_client_id(text: object) -> None:
    with pytest.raises(ValidationError) as caught:
        ClientIdField().clean(text)
    assert caught.value.messages == ["expected `client_` followed by letters, digits or underscores"]
