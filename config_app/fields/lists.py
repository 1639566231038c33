"""Lists: commas or new lines between the entries, order kept, repetition dropped."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Generic, TypeVar

from django import forms

from config_app.fields.base import SettingField

E = TypeVar("E")

_SEPARATOR = re.compile(r"[,\r\n]")


class ListField(SettingField[tuple[E, ...]], Generic[E]):
    """A tuple of entries, stored comma-separated and edited one per line; the empty text is no entry."""

    widget = forms.Textarea
    typed = (tuple, list)
    entry_types: ClassVar[tuple[type, ...]] = (str,)

    def __init__(self, *, required: bool = False, **options: Any) -> None:
        super().__init__(required=required, empty_value=(), **options)

    def parse_entry(self, text: str) -> E | None:
        """Return the value of one trimmed entry, or None where it is not valid."""
        raise NotImplementedError

    def hint(self, text: str) -> str:
        """Return what is wrong with an invalid entry, if anything can be said, without repeating it."""
        return ""

    def parse(self, text: str) -> tuple[E, ...]:
        """Return the entries; the refusal tells which one is wrong by its place."""
        texts = filter(None, (part.strip() for part in _SEPARATOR.split(text)))
        entries = (self._entry(place, entry) for place, entry in enumerate(texts, 1))
        return tuple(dict.fromkeys(entries))

    def to_python(self, value: Any) -> tuple[E, ...] | None:
        """Return the entries of a text or of a list of entries."""
        # text_of() would take anything that str() takes, and "None" is a good host name.
        if type(value) in self.typed and not all(isinstance(entry, self.entry_types) for entry in value):
            raise self.refusal()
        return super().to_python(value)

    def text_of(self, value: tuple[E, ...]) -> str:
        """Return the entries with commas between."""
        return ",".join(map(str, value))

    def prepare_value(self, value: Any) -> Any:
        """Return one entry a line, the way the widget is filled in."""
        return "\n".join(map(str, value)) if type(value) in self.typed else super().prepare_value(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return few rows: most lists are short."""
        return {**super().widget_attrs(widget), "rows": 3}

    def _entry(self, place: int, text: str) -> E:
        value = self.parse_entry(text)
        if value is None:
            hint = self.hint(text)
            raise self.refusal(f"entry {place}: {hint}" if hint else f"entry {place} is something else")
        return value
