"""What every field of a setting has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError

T = TypeVar("T")

PLAIN_TEXT: Mapping[str, str] = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class SettingField(forms.Field, Generic[T]):
    """A form field that is the whole definition of one kind of value: text in, typed value out, and back.

    Whatever it refuses, the message is ``expected <what>``, perhaps with a hint, and never the value.
    ``empty_value`` is what the empty text means where the field is not ``required``.
    """

    attributes: ClassVar[Mapping[str, str]] = PLAIN_TEXT
    typed: ClassVar[tuple[type, ...]] = ()

    def __init__(self, *, required: bool = True, empty_value: T | None = None, **options: Any) -> None:
        self.empty_value = empty_value
        super().__init__(required=required, **options)

    @property
    def expected(self) -> str:
        """Return what a valid value is, as a noun phrase."""
        raise NotImplementedError

    def parse(self, text: str) -> T:
        """Return the value of a trimmed text that is not empty; raise ``refusal()``."""
        raise NotImplementedError

    def text_of(self, value: T) -> str:
        """Return the canonical text of a value."""
        return str(value)

    def serialise(self, value: T | None) -> str:
        """Return the text to store, for which ``clean`` gives the same value again."""
        return "" if value is None else self.text_of(value)

    def refusal(self, hint: str = "", *, code: str = "invalid") -> ValidationError:
        """Return the error to raise; ``hint`` must not repeat what was given."""
        message = f"expected {self.expected}"
        return ValidationError(f"{message}; {hint}" if hint else message, code=code)

    def to_python(self, value: Any) -> T | None:
        """Return the typed value of a text or of what is typed already, as a disabled field hands it back."""
        if type(value) in self.typed:
            value = self.serialise(value)
        if value is None or value == "":
            return self.empty_value
        if not isinstance(value, str):
            raise self.refusal()
        text = value.strip()
        return self.parse(text) if text else self.empty_value

    def validate(self, value: T | None) -> None:
        """Refuse an empty value where one is required."""
        if self.required and value in self.empty_values:
            raise self.refusal(code="required")

    def prepare_value(self, value: Any) -> Any:
        """Return what the widget shows: the text as it was typed, or that of a typed value."""
        return value if isinstance(value, str) else self.serialise(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the two differ in meaning, not merely in spelling."""
        if self.disabled:
            return False
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the HTML attributes: no browser should complete or correct what is typed here."""
        return dict(self.attributes)
