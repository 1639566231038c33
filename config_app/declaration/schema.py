"""``Schema`` reads a dataclass of settings. ``Setting`` parses, checks, serialises and masks values."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError

from config_app.declaration.annotations import mentions_secret
from config_app.declaration.former_names import former_names, imported_names
from config_app.declaration.rules import Rule, violations_of
from config_app.declaration.secret import Secret
from config_app.declaration.setting import METADATA_KEY, Declaration, Editable, Section, TakesEffect
from config_app.declaration.typed_values import UNFIT, clean_typed
from config_app.errors import (
    ConfigError,
    InvalidValue,
    ManagedSetting,
    RuleViolation,
    SecretMasked,
    UnknownSetting,
)

C = TypeVar("C")
Guard = Callable[[C, C], Iterable[RuleViolation]]

SECRET_SET = "✓ configured"  # noqa: S105 - what a table shows instead of a secret
NOT_SET = "not set"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One declared setting: its key, default and type, and everything that was passed to ``setting()``."""

    key: str
    attribute: str
    default: Any
    is_secret: bool
    declaration: Declaration
    annotation: Any = None

    @property
    def section(self) -> Section:
        """Return the section of the setting."""
        return self.declaration.section

    @property
    def label(self) -> str:
        """Return the name that people see, translated into their language if there is a translation."""
        return str(self.declaration.label)

    @property
    def help(self) -> str:
        """Return the text that explains the setting, translated if there is a translation."""
        return str(self.declaration.help)

    @property
    def takes_effect(self) -> TakesEffect:
        """Return when a change takes effect in a running process."""
        return self.declaration.takes_effect

    @property
    def imported_from(self) -> tuple[str, ...]:
        """Return the variables for the first import: those of the setting, then those of its former keys."""
        return imported_names(self.key, self.formerly, self.declaration.imported_from)

    @property
    def formerly(self) -> tuple[str, ...]:
        """Return the keys that the setting had in earlier versions."""
        return self.declaration.formerly

    @property
    def managed(self) -> bool:
        """Return whether only code may change the setting."""
        return self.declaration.editable is Editable.MANAGED

    @property
    def is_machine_specific(self) -> bool:
        """Return whether the value belongs to one machine. The path of a file is such a value."""
        return self.declaration.machine_specific

    @property
    def in_editor(self) -> bool:
        """Return whether people may change the setting in the admin editor."""
        return self.declaration.editable is Editable.EVERYWHERE

    @property
    def expected(self) -> str:
        """Return a noun phrase that describes a valid value, such as "true or false"."""
        return str(getattr(self.declaration.field, "expected", "a valid value"))

    @property
    def can_lock_out(self) -> bool:
        """Return whether a wrong value could lock out the people who would have to correct the value."""
        return bool(self.declaration.can_lock_out)

    @property
    def is_sensitive(self) -> bool:
        """Return whether a change needs a recent proof of identity."""
        return self.is_secret or self.declaration.sensitive

    def form_field(self) -> forms.Field:
        """Return a copy of the form field. The caller may change the copy."""
        field = copy.deepcopy(self.declaration.field)
        field.label, field.help_text = self.label, self.help
        return field

    def parse(self, text: str) -> Any:
        """Return the typed value of ``text``. Raise ``InvalidValue`` if ``text`` is not valid."""
        try:
            found = self.declaration.field.clean(text)
            # If the field returns plain text for a secret (E011), the secret must still be hidden.
            return Secret(found) if self.is_secret and isinstance(found, str) else found
        except ValidationError as error:
            raise InvalidValue(self.key, _expectation(error), fix=self._fix(text)) from None
        except UNFIT:  # a field of the project may raise other exceptions for some texts
            raise InvalidValue(self.key, self.expected) from None

    def accept(self, value: Any) -> Any:
        """Convert a text or a typed value to a typed value. Raise ``InvalidValue`` for invalid values."""
        if value is None or isinstance(value, str | Secret):
            return self.parse(self._text_of(value))
        try:
            return clean_typed(self.declaration.field, value)
        except ValidationError as error:
            raise InvalidValue(self.key, _expectation(error)) from None

    def _text_of(self, value: str | Secret | None) -> str:
        if not isinstance(value, Secret):
            return value or ""
        if not self.is_secret:
            raise InvalidValue(self.key, self.expected)  # it would be stored as plain text
        try:
            return value.reveal()
        except SecretMasked:
            raise InvalidValue(self.key, f"{self.expected}; this secret is masked") from None

    def _fix(self, text: str) -> str | None:
        """If the setting is secret and ``text`` is empty, return how to remove the secret; else ``None``."""
        return f"to remove the secret, unset {self.key}" if self.is_secret and not text.strip() else None

    def serialise(self, value: Any) -> str:
        """Return the canonical text to store for the typed ``value``, which must not be ``None``."""
        if isinstance(value, Secret):
            value = value.reveal()
        return str(self.declaration.field.serialise(value))  # type: ignore[attr-defined]  # every field of config_app.fields has it

    def canonical(self, value: Any) -> str:
        """Convert a text or a typed value to the text to store. Raise ``InvalidValue`` for invalid values."""
        return self.serialise_optional(self.accept(value))

    def serialise_optional(self, value: Any) -> str:
        """Return the text to store for the typed ``value``. For ``None``, return an empty text."""
        return "" if value is None else self.serialise(value)

    def display(self, value: Any) -> str:
        """Return ``value`` as text for people. For a secret, say only whether the secret is set."""
        if self.is_secret:
            return NOT_SET if value is None else SECRET_SET
        return self.serialise_optional(value)


def _expectation(error: ValidationError) -> str:
    """Return the error's first message, without the word "expected" at its start."""
    return str(error.messages[0]).removeprefix("expected ")


def _is_secret(annotation: Any, declaration: Declaration) -> bool:
    # If the annotation and the field disagree (E010, E011), the value is still stored encrypted.
    return mentions_secret(annotation) or makes_secrets(declaration.field)


def makes_secrets(field: forms.Field) -> bool:
    """Return whether the values of a field are of the type ``Secret``."""
    return Secret in getattr(field, "typed", ())


def _by_key(settings: Iterable[Setting]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for setting in settings:
        if setting.key in found:
            raise TypeError(f"two settings have the key {setting.key}; give one of them another key")
        found[setting.key] = setting
    return found


class Schema(Generic[C]):
    """The settings and rules of a runtime config class. Settings have the order of their declaration."""

    def __init__(
        self, config_class: type[C], *, rules: Iterable[Rule[C]] = (), guards: Iterable[Guard[C]] = ()
    ) -> None:
        """Read the declarations of ``config_class``, a frozen dataclass whose fields are ``setting()``s.

        A rule gets one configuration and must use nothing else. A guard gets the current and the planned
        configuration, and is allowed to query the database. Rules and guards return violations.
        Raise ``TypeError`` if the class is not such a dataclass, or if two settings have the same key.
        """
        self.config_class = config_class
        self.rules = tuple(rules)
        self.guards = tuple(guards)
        self.settings: Mapping[str, Setting] = _by_key(self._read_declarations())
        self.former = former_names(self.settings)
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
                is_secret=_is_secret(hints[field.name], declaration),
                declaration=declaration,
                annotation=hints[field.name],
            )

    def __getitem__(self, key: str) -> Setting:
        """Return the setting with this key. For an unknown key, raise ``UnknownSetting`` with suggestions."""
        try:
            return self.settings[key]
        except KeyError:
            raise UnknownSetting(key, self.suggestions(key)) from None

    def suggestions(self, key: str) -> list[str]:
        """Return up to three similar keys. For a former key or an attribute, return only the current key."""
        if key in self.former:
            return [self.former[key]]
        by_attribute = [s.key for s in self.settings.values() if s.attribute == key]
        return by_attribute or difflib.get_close_matches(str(key).lower(), self.settings, n=3)

    def current_key(self, key: str) -> str:
        """Return the current key of the setting that has or had this key. Return an unknown key unchanged."""
        return self.former.get(key, key)

    def names(self, key: str) -> tuple[str, ...]:
        """Return the current key of the setting that has or had ``key``, then all former keys."""
        key = self.current_key(key)
        return (key, *(old for old, current in self.former.items() if current == key))

    def writable(self, key: str) -> Setting:
        """Return ``self[key]``. Raise ``ManagedSetting`` if only code may change this setting."""
        found = self[key]
        if found.managed:
            raise ManagedSetting(key, "the application itself sets it")
        return found

    def find_section(self, name: str) -> Section:
        """Return the section with this key or title. Raise ``ConfigError`` if no section has this name."""
        for section in self.sections:
            if name.lower() in {section.key.lower(), str(section.title).lower()}:
                return section
        names = ", ".join(section.key for section in self.sections)
        raise ConfigError("--section: no such section", fix=f"choose one of {names}")

    def in_section(self, section: Section) -> list[Setting]:
        """Return the settings of one section, in the order of their declaration."""
        return [s for s in self.settings.values() if s.section == section]

    def build(self, values: Mapping[str, Any]) -> C:
        """Return a runtime config. ``values`` maps keys to values; all other settings have their defaults."""
        attributes = {self.settings[key].attribute: value for key, value in values.items()}
        return self.config_class(**attributes)

    def value(self, config: C, key: str) -> Any:
        """Return the value of one setting in ``config``."""
        return getattr(config, self.settings[key].attribute)

    def values(self, config: C) -> dict[str, Any]:
        """Map the key of every setting to its value in ``config``."""
        return {key: getattr(config, setting.attribute) for key, setting in self.settings.items()}

    def changed_keys(self, old: C, new: C) -> list[str]:
        """Return the keys of the settings whose values differ between two configurations."""
        names = ((key, setting.attribute) for key, setting in self.settings.items())
        return [key for key, name in names if getattr(old, name) != getattr(new, name)]

    def violations(self, config: C) -> list[RuleViolation]:
        """Return a violation for each rule that ``config`` breaks.

        If a rule raises an exception or does not return violations, return a ``FaultyRule`` for that rule.
        """
        return [violation for rule in self.rules for violation in violations_of(rule, config)]

    def objections(self, before: C, after: C) -> list[RuleViolation]:
        """Return a violation for each guard that refuses the change from ``before`` to ``after``."""
        return [violation for guard in self.guards for violation in guard(before, after)]
