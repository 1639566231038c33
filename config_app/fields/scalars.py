"""Yes or no, whole numbers, and one of several words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from config_app.fields.base import SettingField

WORDS = {
    "true": True, "1": True, "yes": True, "on": True,
    "false": False, "0": False, "no": False, "off": False,
}  # fmt: skip

MAX_PORT = 65535

# One spelling for one number, so no sign, separator, leading zero or foreign digit; and short enough
# that int() has no work to speak of.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")


class Switch(forms.CheckboxInput):
    """A checkbox that submits words: a browser that leaves it out says false."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, check_test=_is_on)

    def format_value(self, value: Any) -> None:
        """Render no value attribute, so that the browser sends ``on``."""

    def value_from_datadict(  # type: ignore[override]  # a word, where Django's own gives a bool
        self,
        data: Mapping[str, Any],
        files: Any,
        name: str,
    ) -> str:
        """Return what was sent, and false where nothing was."""
        return str(data.get(name, "false"))

    def use_required_attribute(self, initial: Any) -> bool:
        """Return False: a browser takes ``required`` on a checkbox to mean that it must be ticked."""
        return False


class BooleanField(SettingField[bool]):
    """True or false, in the usual words; nothing else, and never empty."""

    expected = "true or false (also yes/no, on/off, 1/0)"
    widget = Switch
    attributes: ClassVar[Mapping[str, str]] = {"autocomplete": "off"}
    typed = (bool,)

    def parse(self, text: str) -> bool:
        """Return what the word means."""
        word = WORDS.get(text.lower()) if text.isascii() else None
        if word is None:
            raise self.refusal()
        return word

    def text_of(self, value: bool) -> str:
        """Return ``true`` or ``false``."""
        return "true" if value else "false"

    def validate(self, value: bool | None) -> None:
        """Refuse the empty text whether or not the field is required: it is neither word."""
        if value is None:
            raise self.refusal(code="required")


class IntegerRangeField(SettingField[int]):
    """A whole number within bounds, both included."""

    widget = forms.NumberInput
    typed = (int,)

    def __init__(self, min_value: int, max_value: int, **options: Any) -> None:
        self.min_value = min_value
        self.max_value = max_value
        super().__init__(**options)

    @property
    def expected(self) -> str:
        """Return the bounds in words."""
        return f"a whole number from {self.min_value} to {self.max_value}"

    def parse(self, text: str) -> int:
        """Return the number; plain ASCII digits only."""
        number = int(text) if _WHOLE_NUMBER.fullmatch(text) else None
        if number is None or not self.min_value <= number <= self.max_value:
            raise self.refusal()
        return number

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the bounds, and the digits keyboard where that has all it takes."""
        mode = "numeric" if self.min_value >= 0 else "text"
        limits = {"min": self.min_value, "max": self.max_value, "step": 1}
        return {**super().widget_attrs(widget), "inputmode": mode, **limits}


class PortField(IntegerRangeField):
    """A TCP port."""

    def __init__(self, **options: Any) -> None:
        super().__init__(1, MAX_PORT, **options)


class ChoiceField(SettingField[str], forms.ChoiceField):
    """One of several words, in any case; ``choices`` are words or pairs of word and label."""

    attributes: ClassVar[Mapping[str, str]] = {"autocomplete": "off"}

    def __init__(self, choices: Iterable[str | tuple[str, str]], **options: Any) -> None:
        pairs = [(choice, choice) if isinstance(choice, str) else choice for choice in choices]
        super().__init__(choices=pairs, **options)

    @property
    def expected(self) -> str:
        """Return the words to choose from."""
        *others, last = self._words().values()
        return f"one of {', '.join(others)} or {last}" if others else last

    def parse(self, text: str) -> str:
        """Return the word as it was declared."""
        word = self._words().get(text.lower())
        if word is None:
            raise self.refusal()
        return word

    def _words(self) -> dict[str, str]:
        pairs: Iterable[tuple[str, str]] = self.choices  # type: ignore[assignment]  # as __init__ made them
        return {value.lower(): value for value, _ in pairs if value}


class TextField(SettingField[str]):
    """One line of any text, for facts that code writes."""

    expected = "one line of printable text"

    def parse(self, text: str) -> str:
        """Return the text as it is."""
        if not text.isprintable():
            raise self.refusal()
        return text


def _is_on(value: Any) -> bool:
    return value is True or WORDS.get(str(value).lower(), False)
