"""Form fields for booleans, whole numbers, ports, choices and single lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from config_app.fields.base import SettingField
from config_app.fields.causes import about_number

WORDS = {
    "true": True, "1": True, "yes": True, "on": True,
    "false": False, "0": False, "no": False, "off": False,
}  # fmt: skip

MAX_PORT = 65535

# Each number has only one spelling: no plus sign, separator, leading zero or non-ASCII digit. The length is
# limited, because int() is slow for very long texts.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")


class Switch(forms.CheckboxInput):
    """A checkbox whose submitted value is a text. The text is "false" if the browser sends nothing."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, check_test=_is_on)

    def format_value(self, value: Any) -> None:
        """Return None, so that the checkbox has no value attribute and the browser sends "on"."""

    def value_from_datadict(  # type: ignore[override]  # Django's own returns a bool, this one a text
        self,
        data: Mapping[str, Any],
        files: Any,
        name: str,
    ) -> str:
        """Return the submitted text, or "false" if there is none."""
        return str(data.get(name, "false"))

    def use_required_attribute(self, initial: Any) -> bool:
        """Return False, because a browser would accept a required checkbox only if it is ticked."""
        return False


class BooleanField(SettingField[bool]):
    """A field for true or false, also yes/no, on/off or 1/0. The field must not be empty."""

    expected = "true or false (also yes/no, on/off, 1/0)"
    widget = Switch
    attributes: ClassVar[Mapping[str, str]] = {"autocomplete": "off"}
    typed = (bool,)

    def parse(self, text: str) -> bool:
        """Return the boolean that the word stands for."""
        word = WORDS.get(text.lower()) if text.isascii() else None
        if word is None:
            raise self.refusal()
        return word

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not one of the words."""
        return super().hint(text) or _about_letters(text)

    def text_of(self, value: bool) -> str:
        """Return ``true`` or ``false``."""
        return "true" if value else "false"

    def validate(self, value: bool | None) -> None:
        """Raise ``refusal()`` if the value is empty, even if the field is not required."""
        if value is None:
            raise self.refusal(code="required")


class IntegerRangeField(SettingField[int]):
    """A field for a whole number from ``min_value`` to ``max_value``, both included."""

    widget = forms.NumberInput
    typed = (int,)

    def __init__(self, min_value: int, max_value: int, **options: Any) -> None:
        self.min_value = min_value
        self.max_value = max_value
        super().__init__(**options)

    @property
    def expected(self) -> str:
        """Return the description of a valid value, with both limits."""
        return f"a whole number from {self.min_value} to {self.max_value}"

    def parse(self, text: str) -> int:
        """Return the number; only ASCII digits and a minus sign are valid."""
        number = int(text) if _WHOLE_NUMBER.fullmatch(text) else None
        if number is None or not self.min_value <= number <= self.max_value:
            raise self.refusal()
        return number

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not a number."""
        return super().hint(text) or about_number(text)

    def check_typed(self, value: int) -> None:
        """Raise ``refusal()`` if the number is out of range."""
        # This check comes before the conversion to text, which Python refuses for very large numbers.
        if not self.min_value <= value <= self.max_value:
            raise self.refusal()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the HTML attributes, with the limits and the kind of keyboard for phones."""
        # The numeric keyboard has no minus sign on some phones.
        mode = "numeric" if self.min_value >= 0 else "text"
        limits = {"min": self.min_value, "max": self.max_value, "step": 1}
        return {**super().widget_attrs(widget), "inputmode": mode, **limits}


class PortField(IntegerRangeField):
    """A field for a TCP port, from 1 to 65535."""

    def __init__(self, **options: Any) -> None:
        super().__init__(1, MAX_PORT, **options)


class ChoiceField(SettingField[str], forms.ChoiceField):
    """A field for one of several words. People can write the words in upper or lower case.

    ``choices`` are words, or pairs of a word and its label. ``synonyms`` maps other words, in lower case, to
    words of ``choices``.
    """

    attributes: ClassVar[Mapping[str, str]] = {"autocomplete": "off"}

    def __init__(
        self,
        choices: Iterable[str | tuple[str, str]],
        *,
        synonyms: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        pairs = [(choice, choice) if isinstance(choice, str) else choice for choice in choices]
        super().__init__(choices=pairs, **options)
        self.synonyms = dict(synonyms or {})

    @property
    def expected(self) -> str:
        """Return the description of a valid value, with all the words."""
        *others, last = self._words().values()
        return f"one of {', '.join(others)} or {last}" if others else last

    def parse(self, text: str) -> str:
        """Return the word in the spelling of ``choices``."""
        word = self._words().get(self.synonyms.get(text.lower(), text).lower())
        if word is None:
            raise self.refusal()
        return word

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not one of the words."""
        return super().hint(text) or _about_letters(text)

    def _words(self) -> dict[str, str]:
        pairs: Iterable[tuple[str, str]] = self.choices  # type: ignore[assignment]  # as __init__ made them
        return {value.lower(): value for value, _ in pairs if value}


class TextField(SettingField[str]):
    """A field for one line of printable text. This field is meant for settings that only code writes."""

    expected = "one line of printable text"

    def parse(self, text: str) -> str:
        """Return the text unchanged."""
        if not text.isprintable():
            raise self.refusal()
        return text


def _about_letters(text: str) -> str:
    # A letter of another alphabet can look like a letter of the word.
    return "" if text.isascii() else "a letter in it is not an ASCII letter"


def _is_on(value: Any) -> bool:
    return value is True or WORDS.get(str(value).lower(), False)
