"""``SettingField``, the base class of the form fields for settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError

from config_app.declaration.slips import find_slip
from config_app.fields.causes import is_json

T = TypeVar("T")

PLAIN_TEXT: Mapping[str, str] = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class SettingField(forms.Field, Generic[T]):
    """A form field that converts between the text and the typed value of one kind of setting.

    Each error message is "expected …", sometimes with a hint, and never contains the value. If the field is
    not ``required``, an empty text means ``empty_value``.

    ``typed`` lists the types of the values. If ``typed`` is empty, Python code can pass a value of any type.
    ``clean_typed`` then turns the value into a text, and parses this text. The value is valid if the result
    equals the value.
    """

    attributes: ClassVar[Mapping[str, str]] = PLAIN_TEXT
    typed: ClassVar[tuple[type, ...]] = ()
    instead_of_json: ClassVar[str] = "this is JSON, so write only the value"

    def __init__(self, *, required: bool = True, empty_value: T | None = None, **options: Any) -> None:
        self.empty_value = empty_value
        super().__init__(required=required, **options)

    @property
    def expected(self) -> str:
        """Return a noun phrase that describes a valid value, such as "true or false"."""
        raise NotImplementedError

    def parse(self, text: str) -> T:
        """Return the value of ``text``; raise ``refusal()`` if the text is not valid.

        The text is never empty and has no spaces around it.
        """
        raise NotImplementedError

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not valid, or an empty text.

        The hint must not contain the text. ``text`` is never empty and has no spaces around it.
        """
        return find_slip(text)

    def text_of(self, value: T) -> str:
        """Return the canonical text of a value."""
        return str(value)

    def serialise(self, value: T | None) -> str:
        """Return the text to store for a value; ``clean`` turns this text into the same value again."""
        return "" if value is None else self.text_of(value)

    def check_typed(self, value: T) -> None:
        """Check ``value``, whose type is in ``typed``. Raise ``refusal()`` if ``value`` is not valid."""

    def refusal(self, hint: str = "", *, code: str = "invalid") -> ValidationError:
        """Return the error to raise for an invalid value; ``hint`` must not contain the value."""
        message = f"expected {self.expected}"
        return ValidationError(f"{message}; {hint}" if hint else message, code=code)

    def to_python(self, value: Any) -> T | None:
        """Return the typed value for a text or a typed value. Raise ``refusal()`` for any other object."""
        # Django passes the typed initial value of a disabled field to this method.
        if type(value) in self.typed:
            self.check_typed(value)
            value = self.serialise(value)
        if value is None or value == "":
            return self.empty_value
        if not isinstance(value, str):
            raise self.refusal()
        text = value.strip()
        return self._parsed(text) if text else self.empty_value

    def _parsed(self, text: str) -> T:
        """Return the value of ``text``. Raise ``refusal()``, with a hint if the cause is known."""
        try:
            return self.parse(text)
        except ValidationError as raised:
            refused = raised
        # Outside of the block above, so that no error has an earlier error in its context.
        if is_json(text):
            raise self.refusal(self.instead_of_json)
        if refused.messages == self.refusal().messages and (hint := self.hint(text)):
            raise self.refusal(hint)
        raise refused

    def validate(self, value: T | None) -> None:
        """Raise ``refusal()`` if the value is empty and the field is required."""
        if self.required and value in self.empty_values:
            raise self.refusal(code="required")

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the widget. A typed value becomes a text, and a text stays unchanged."""
        return value if isinstance(value, str) else self.serialise(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the parsed values differ. Two spellings of one value do not differ."""
        if self.disabled:
            return False
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return HTML attributes that turn off the browser's completion and spelling correction."""
        return dict(self.attributes)
