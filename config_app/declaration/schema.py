"""From one frozen dataclass: parsing, serialising, form fields, masking and the rules across settings."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError

from config_app.declaration.secret import Secret
from config_app.declaration.setting import METADATA_KEY, Declaration, Editable, Section, TakesEffect
from config_app.errors import InvalidValue, ManagedSetting, RuleViolation, UnknownSetting

C = TypeVar("C")
Rule = Callable[[C], Iterable[RuleViolation]]
Guard = Callable[[C, C], Iterable[RuleViolation]]

SECRET_SET = "✓ configured"  # noqa: S105 - what a table shows instead of a secret
NOT_SET = "not set"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One declared configuration value."""

    key: str
    attribute: str
    default: Any
    is_secret: bool
    declaration: Declaration

    @property
    def section(self) -> Section:
        """Return the section that the setting belongs to."""
        return self.declaration.section

    @property
    def label(self) -> str:
        """Return the human name."""
        return self.declaration.label

    @property
    def help(self) -> str:
        """Return what the setting does, in a sentence."""
        return self.declaration.help

    @property
    def takes_effect(self) -> TakesEffect:
        """Return when a change is in force."""
        return self.declaration.takes_effect

    @property
    def imported_from(self) -> tuple[str, ...]:
        """Return the environment variables that a first start imports."""
        return self.declaration.imported_from

    @property
    def managed(self) -> bool:
        """Tell whether only the code may write the setting."""
        return self.declaration.editable is Editable.MANAGED

    @property
    def in_editor(self) -> bool:
        """Tell whether the web editor may change the setting."""
        return self.declaration.editable is Editable.EVERYWHERE

    @property
    def expected(self) -> str:
        """Return what a valid value is, as a noun phrase."""
        return str(getattr(self.declaration.field, "expected", "a valid value"))

    @property
    def can_lock_out(self) -> bool:
        """Tell whether a wrong value could keep its author from correcting it."""
        return self.declaration.can_lock_out

    @property
    def is_sensitive(self) -> bool:
        """Tell whether a change asks for proof that it is really the person who is signed in."""
        return self.is_secret or self.declaration.sensitive

    def form_field(self) -> forms.Field:
        """Return a copy of the field, which the caller may customise."""
        field = copy.deepcopy(self.declaration.field)
        field.label, field.help_text = self.label, self.help
        return field

    def parse(self, text: str) -> Any:
        """Return the typed value of ``text``; raise ``InvalidValue``."""
        try:
            return self.declaration.field.clean(text)
        except ValidationError as error:
            expected = error.messages[0].removeprefix("expected ")
            raise InvalidValue(self.key, expected, fix=self._fix(text)) from None

    def _fix(self, text: str) -> str | None:
        """Say how to remove a secret to whoever tried to write an empty one."""
        return f"to remove it, unset {self.key}" if self.is_secret and not text.strip() else None

    def serialise(self, value: Any) -> str:
        """Return the canonical text that is stored for ``value``."""
        if isinstance(value, Secret):
            value = value.reveal()
        return str(self.declaration.field.serialise(value))  # type: ignore[attr-defined]  # every field of config_app.fields has it

    def canonical(self, value: Any) -> str:
        """Return the text to store for a text or a typed value; raise ``InvalidValue``."""
        text = value if isinstance(value, str) else self.serialise(value)
        return self.serialise_optional(self.parse(text))

    def serialise_optional(self, value: Any) -> str:
        """Return the stored text; no value at all is the empty text."""
        return "" if value is None else self.serialise(value)

    def display(self, value: Any) -> str:
        """Return ``value`` for a person: a secret only as set or not."""
        if self.is_secret:
            return NOT_SET if value is None else SECRET_SET
        return self.serialise_optional(value)


def _is_secret(annotation: Any) -> bool:
    return annotation is Secret or Secret in typing.get_args(annotation)


def _by_key(settings: Iterable[Setting]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for setting in settings:
        if setting.key in found:
            raise TypeError(f"two settings are called {setting.key}")
        found[setting.key] = setting
    return found


class Schema(Generic[C]):
    """All settings of a runtime config class, in the order of their declaration."""

    def __init__(
        self, config_class: type[C], *, rules: Iterable[Rule[C]] = (), guards: Iterable[Guard[C]] = ()
    ) -> None:
        """Read the declarations of ``config_class``, a frozen dataclass whose fields are ``setting()``s.

        Raises ``TypeError`` where it is something else, or where two settings have the same key.
        ``rules`` look at one configuration and never at anything else; ``guards`` compare the
        configuration in force with a planned one and may query the database.
        """
        self.config_class = config_class
        self.rules = tuple(rules)
        self.guards = tuple(guards)
        self.settings: Mapping[str, Setting] = _by_key(self._read_declarations())
        self.sections = tuple(dict.fromkeys(s.section for s in self.settings.values()))
        self.defaults = self.build({})

    def _read_declarations(self) -> Iterable[Setting]:
        parameters = getattr(self.config_class, "__dataclass_params__", None)
        if parameters is None or not parameters.frozen:
            raise TypeError(f"{self.config_class.__name__} must be a frozen dataclass")
        hints = typing.get_type_hints(self.config_class)
        for field in dataclasses.fields(self.config_class):  # type: ignore[arg-type]  # C is a dataclass
            declaration = field.metadata.get(METADATA_KEY)
            if declaration is None:
                raise TypeError(f"{self.config_class.__name__}.{field.name} must be declared with setting()")
            yield Setting(
                key=declaration.key or field.name,
                attribute=field.name,
                default=field.default,
                is_secret=_is_secret(hints[field.name]),
                declaration=declaration,
            )

    def __getitem__(self, key: str) -> Setting:
        """Return the setting called ``key``; raise ``UnknownSetting`` with what was probably meant."""
        try:
            return self.settings[key]
        except KeyError:
            raise UnknownSetting(key, self.suggestions(key)) from None

    def suggestions(self, key: str) -> list[str]:
        """Return the keys that look like ``key``, an attribute's name included."""
        by_attribute = [s.key for s in self.settings.values() if s.attribute == key]
        return by_attribute or difflib.get_close_matches(key.lower(), self.settings, n=3)

    def writable(self, key: str) -> Setting:
        """Return the setting called ``key``; raise ``ManagedSetting`` where only the code writes it."""
        found = self[key]
        if found.managed:
            raise ManagedSetting(key, "the application keeps it up to date itself")
        return found

    def in_section(self, section: Section) -> list[Setting]:
        """Return the settings of one section, in order."""
        return [s for s in self.settings.values() if s.section is section]

    def build(self, values: Mapping[str, Any]) -> C:
        """Return the immutable object with ``values`` by key, and defaults elsewhere."""
        attributes = {self.settings[key].attribute: value for key, value in values.items()}
        return self.config_class(**attributes)

    def value(self, config: C, key: str) -> Any:
        """Return the value that ``config`` holds for ``key``."""
        return getattr(config, self.settings[key].attribute)

    def values(self, config: C) -> dict[str, Any]:
        """Return every value that ``config`` holds, by key."""
        return {key: getattr(config, setting.attribute) for key, setting in self.settings.items()}

    def changed_keys(self, old: C, new: C) -> list[str]:
        """Return the keys whose values differ between two configurations."""
        names = ((key, setting.attribute) for key, setting in self.settings.items())
        return [key for key, name in names if getattr(old, name) != getattr(new, name)]

    def violations(self, config: C) -> list[RuleViolation]:
        """Return every rule across settings that ``config`` breaks."""
        return [violation for rule in self.rules for violation in rule(config)]

    def objections(self, before: C, after: C) -> list[RuleViolation]:
        """Return what the guards have against going from ``before`` to ``after``."""
        return [violation for guard in self.guards for violation in guard(before, after)]
