"""``ListField``, the base class of form fields for lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django import forms

from config_app.declaration.typed_values import is_same
from config_app.fields.base import SettingField

E = TypeVar("E")

_SEPARATOR = re.compile(r"[,\r\n]")
_OTHER_SEPARATOR = re.compile(r"[\s;|]+")


class ListField(SettingField[tuple[E, ...]], Generic[E]):
    """A field for a list. The value is a tuple of the entries in their order, without duplicates.

    People can separate the entries with commas or new lines. In the stored text, commas separate the entries.
    A form shows each entry on its own line.
    """

    widget = forms.Textarea
    typed = (tuple, list)
    entry_types: ClassVar[tuple[type, ...]] = (str,)
    instead_of_json: ClassVar[str] = "this is JSON, so write the entries without brackets and quotes"

    def __init__(self, *, required: bool = False, **options: Any) -> None:
        super().__init__(required=required, empty_value=(), **options)

    def parse_entry(self, text: str) -> E | None:
        """Return the value of one entry, or ``None`` if the entry is not valid.

        ``text`` is the entry without spaces around it.
        """
        raise NotImplementedError

    def parse(self, text: str) -> tuple[E, ...]:
        """Return the entries. If an entry is not valid, raise ``refusal()`` with the entry's position."""
        texts = filter(None, (part.strip() for part in _SEPARATOR.split(text)))
        entries = (self._entry(place, entry) for place, entry in enumerate(texts, 1))
        return tuple(dict.fromkeys(entries))

    def check_typed(self, value: Sequence[Any]) -> None:
        """Raise ``refusal()`` if an entry has the wrong type, is empty or contains a separator."""
        for place, entry in enumerate(value, 1):
            if not self._is_entry(entry):
                raise self.refusal(f"entry {place} is not valid")

    def _is_entry(self, entry: Any) -> bool:
        # Almost anything has a text that could be an entry: "None" is a host name, and "a,b" are two.
        text = str(entry).strip()
        if not text or _SEPARATOR.search(text):
            return False
        return isinstance(entry, (str, *self.entry_types)) or is_same(self.parse_entry(text), entry)

    def text_of(self, value: tuple[E, ...]) -> str:
        """Return the entries as a text, separated by commas."""
        return ",".join(map(str, value))

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the widget: one entry per line."""
        return "\n".join(map(str, value)) if type(value) in self.typed else super().prepare_value(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the HTML attributes. The text area has only three rows, because most lists are short."""
        return {**super().widget_attrs(widget), "rows": 3}

    def _entry(self, place: int, text: str) -> E:
        value = self.parse_entry(text)
        if value is None:
            hint = self._separator_hint(text) or self.hint(text)
            raise self.refusal(f"entry {place}: {hint}" if hint else f"entry {place} is not valid")
        return value

    def _separator_hint(self, text: str) -> str:
        """If ``text`` has several entries with a wrong separator, return a hint that names the right one."""
        parts = list(filter(None, _OTHER_SEPARATOR.split(text)))
        if len(parts) < 2 or any(self.parse_entry(part) is None for part in parts):  # noqa: PLR2004 - several
            return ""
        return "separate the entries with commas or new lines"
