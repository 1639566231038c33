"""Builds the runtime config from the stored texts. The last good values replace values that are not valid."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from config_app import store
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.schema import Schema, Setting
from config_app.declaration.secret import Secret
from config_app.encryption.stored_secrets import decrypted
from config_app.errors import DecryptionFailed, FaultyRule, InvalidValue, KeyringLocked, RuleViolation
from config_app.live import resolution_problems
from config_app.models import Change
from config_app.problems import Problem
from config_app.store import Row, Stored
from config_app.store.process import process

C = TypeVar("C")
Reader = Callable[[Setting, str], Any]
UNREADABLE = "secret_unreadable"
"""The code of the problem that a stored secret cannot be decrypted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Resolution(Generic[C]):
    """A runtime config, and the stored values that it does not use.

    - ``values``: maps keys to values, for the settings that do not have their defaults.
    - ``refused``: maps keys to what was expected, for the settings whose stored value is not used.
    - ``problems``: the problems that need a person's attention.
    - ``newest_refusals``: maps keys to notes, for the settings whose newest change was refused.
    - ``held``: the keys in ``newest_refusals`` whose row still has the refused value.
    - ``unwritten``: the keys in ``newest_refusals`` whose refused value an import has not written to the row.
    """

    config: C
    values: Mapping[str, Any]
    refused: Mapping[str, str]
    problems: tuple[Problem, ...]
    newest_refusals: Mapping[str, str]
    held: frozenset[str]
    unwritten: frozenset[str]


class _Parsed:
    """For each setting that is not secret: the text that was parsed last, and the resulting value."""

    def __init__(self) -> None:
        self.by_key: dict[str, tuple[Setting, str, Any]] = {}

    def reset(self) -> None:
        self.by_key.clear()


_parsed = process.keep(_Parsed())
# Most rows do not change between two loads, so most texts are parsed only once.
UNPARSED = None, "", None


def read_with_keyring(setting: Setting, text: str) -> Any:
    """Return the value of a stored text. If the setting is secret, decrypt the text first.

    Raise ``InvalidValue`` if the value is not valid. Raise ``DecryptionFailed`` or ``KeyringLocked`` if a
    secret cannot be decrypted.
    """
    if not setting.is_secret:
        return _parse(setting, text)
    return setting.parse(decrypted(setting, text))


def refuse_former_secret(setting: Setting, *, is_secret: bool) -> None:
    """Raise ``InvalidValue`` if the text was stored as a secret, but the setting is no longer secret."""
    # The ciphertext could pass for a valid value, and the plain text must not be shown.
    if is_secret and not setting.is_secret:
        raise InvalidValue(setting.key, f"{setting.expected}, but an earlier version stored a secret")


def _parse(setting: Setting, text: str) -> Any:
    known, last, value = _parsed.by_key.get(setting.key, UNPARSED)
    if known is not setting or last != text:
        value = setting.parse(text)
        _parsed.by_key[setting.key] = (setting, text, value)
    return value


def read_without_keyring(setting: Setting, text: str) -> Any:
    """Return a masked ``Secret`` if the setting is secret. Otherwise, return the value of the stored text."""
    return Secret.masked() if setting.is_secret else setting.parse(text)


class _Resolver(Generic[C]):
    """Finds the value of each setting and collects the problems, each time the tables are loaded."""

    def __init__(self, schema: Schema[C], stored: Stored, reader: Reader) -> None:
        self.schema, self.stored, self.reader = schema, stored, reader
        self.values: dict[str, Any] = {}
        self.refused: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.newest_refusals = store.newest_refusals() if stored.any_refused else []
        self.held = {change.key: change for change in self.newest_refusals if self._is_about_row(change)}
        self._locked: KeyringLocked | None = None

    def _is_about_row(self, change: Change) -> bool:
        """Return whether the refused value of ``change`` was stored and is still in the setting's row."""
        setting = self.schema.settings.get(change.key)
        if setting is None or _is_unwritten(change):
            return False
        return change.new_value == self._archived(setting)

    def read_rows(self) -> None:
        parsed, rows = _parsed.by_key, self.stored.rows
        for key, setting in self.schema.settings.items():
            if (row := rows.get(key)) is None:
                continue
            known, text, value = parsed.get(key, UNPARSED)
            if known is setting and text == row.value and not row.is_secret:
                self.values[key] = value
            else:
                self._read_row(setting, row)
        unknown = self.stored.rows.keys() - self.schema.settings.keys() - {SALT_KEY}
        self.problems.extend(resolution_problems.unknown(key) for key in sorted(unknown))
        self.problems.extend(resolution_problems.former(old, key) for key, old in self.stored.former.items())
        self.problems.extend(
            resolution_problems.leftover(old, key) for old, key in self.stored.leftover.items()
        )

    def hold_back(self) -> None:
        """If a value was refused earlier, use the last good value, even if the refused value is now valid."""
        # Otherwise, a change of another setting could make the value valid and bring it into use unnoticed.
        # But after raw SQL, it is not known which rows were written, perhaps with the same text as before.
        if self.stored.drifted:
            return
        for key in self.held.keys() - self.refused.keys():
            self._refuse(key, self.held[key].note)
            self._use_last_good(self.schema[key])

    def _refuse(self, key: str, note: str) -> None:
        self.refused[key] = note
        self.problems.append(resolution_problems.refused(self.schema[key], note))

    def _read_row(self, setting: Setting, row: Row) -> None:
        try:
            refuse_former_secret(setting, is_secret=row.is_secret)
            self.values[setting.key] = self._read(setting, row.value)
        except KeyringLocked as error:
            self._locked = error  # do not try again for each secret: with a shared key, each try is slow
            self._refuse_secret(setting, f"{error}")
        except DecryptionFailed:
            self._refuse_secret(setting, resolution_problems.replacing(setting, "--stdin"))
            self._use_last_good(setting)
        except InvalidValue as error:
            self.refused[setting.key] = error.expected
            self.problems.append(resolution_problems.invalid(setting, error))
            self._use_last_good(setting)

    def _read(self, setting: Setting, text: str) -> Any:
        if setting.is_secret and self._locked is not None:
            raise self._locked
        return self.reader(setting, text)

    def _refuse_secret(self, setting: Setting, fix: str) -> None:
        self.refused[setting.key] = "a secret that this install's key can decrypt"
        message = f"{setting.key}: the stored secret cannot be decrypted and must be entered again"
        self.problems.append(Problem(code=UNREADABLE, message=message, fix=fix, keys=(setting.key,)))

    def _use_last_good(self, setting: Setting) -> bool:
        """Use the last good value, or the default if there is none; return whether this changes the value."""
        for text in store.accepted_texts(setting.key, with_secrets=setting.is_secret):
            try:
                value = setting.default if text is None else self._read(setting, text)
            except (InvalidValue, DecryptionFailed, KeyringLocked):
                continue
            changed = bool(self.values.get(setting.key, setting.default) != value)
            self.values[setting.key] = value
            return changed
        self.values.pop(setting.key, None)
        return setting.key in self.stored.rows

    def apply_rules(self) -> C:
        """Return the config. Use the last good values in place of values that break a rule.

        Add a problem for each broken rule. If the last good values break a rule too, use them anyway.
        """
        # Replacing values because of one rule can break another rule, so repeat until no new rule is broken.
        known: set[str] = set()
        while True:
            config = self.schema.build(self.values)
            violations = [v for v in self.schema.violations(config) if str(v) not in known]
            if not violations:
                return config
            known |= {str(violation) for violation in violations}
            self.problems.extend(resolution_problems.broken_rule(violation) for violation in violations)
            for violation in violations:
                self._retreat(violation)

    def _retreat(self, violation: RuleViolation) -> None:
        """Use the last good value of each setting that ``violation`` names.

        If the rule is still broken, do the same for other settings that raw SQL has changed, if this helps.
        """
        for key in filter(self.schema.settings.__contains__, violation.keys):
            if key not in self.refused and self._use_last_good(self.schema[key]):
                self.refused[key] = violation.message
        if self._is_broken(violation) and not isinstance(violation, FaultyRule):
            self._retreat_from_others(violation)

    def _retreat_from_others(self, violation: RuleViolation) -> None:
        """Use the last good values of those settings whose new values break the rule of ``violation``."""
        written = self.values.copy()
        changed = [setting.key for setting in self._unrecorded() if self._use_last_good(setting)]
        if self._is_broken(violation):
            # The values that break the rule were accepted, perhaps by an earlier version.
            self.values = written
            return
        for key in changed:
            last_good = self.values.copy()
            self._copy(key, written)
            if self._is_broken(violation):
                self.values = last_good
                self._refuse(key, violation.message)

    def _copy(self, key: str, values: Mapping[str, Any]) -> None:
        """Take the value of a setting from other ``values``, where only defaults are missing."""
        if key in values:
            self.values[key] = values[key]
        else:
            self.values.pop(key, None)

    def _is_broken(self, violation: RuleViolation) -> bool:
        """Return whether the values break the rule of ``violation`` in the same way."""
        found = self.schema.violations(self.schema.build(self.values))
        return str(violation) in map(str, found)

    def _unrecorded(self) -> list[Setting]:
        """Return the settings whose rows differ from the history, or have a value that was refused before."""
        latest = store.latest_texts()
        return [
            setting
            for key, setting in self.schema.settings.items()
            if key not in self.refused and (key in self.held or latest.get(key) != self._archived(setting))
        ]

    def _archived(self, setting: Setting) -> str | None:
        row = self.stored.rows.get(setting.key)
        return store.archived(row.value if row else None, is_secret=setting.is_secret)

    def result(self, config: C) -> Resolution[C]:
        newest_refusals = {change.key: change.note for change in self.newest_refusals}
        problems = tuple(self.problems)
        unwritten = frozenset(change.key for change in self.newest_refusals if _is_unwritten(change))
        held = frozenset(self.held)
        return Resolution(config, self.values, self.refused, problems, newest_refusals, held, unwritten)


def _is_unwritten(change: Change) -> bool:
    """Return whether an import refused the value of ``change``, so that it was never in the row."""
    return change.old_value == change.new_value


def resolve(schema: Schema[C], stored: Stored, reader: Reader = read_with_keyring) -> Resolution[C]:
    """Return the runtime config for the stored rows.

    If a stored value is not valid or breaks a rule, use the last accepted value of its setting. A value that
    was refused earlier stays refused, even if the value is now valid, until raw SQL changes the tables again.
    """
    # All processes read the same history, so they all use the same values (R4).
    resolver = _Resolver(schema, stored, reader)
    resolver.read_rows()
    resolver.hold_back()
    return resolver.result(resolver.apply_rules())


def refusal_problems(schema: Schema[Any], resolution: Resolution[Any]) -> list[Problem]:
    """Return a problem for each setting that has none yet and whose newest value an import has refused."""
    named = {key for problem in resolution.problems for key in problem.keys}
    return [
        Problem(
            code="refused_value",
            message=f"{key}: {resolution.newest_refusals[key]}",
            fix=resolution_problems.replacing(schema[key]),
            keys=(key,),
        )
        for key in sorted(resolution.unwritten & schema.settings.keys() - named)
    ]
