"""From stored text to the runtime config in force: what validates, and the last good value elsewhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from config_app import store
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.schema import Schema, Setting
from config_app.declaration.secret import Secret
from config_app.errors import DecryptionFailed, InvalidValue, KeyringLocked, RuleViolation, is_key_shaped
from config_app.models import Change
from config_app.problems import Problem
from config_app.store import Row, Stored

C = TypeVar("C")
Reader = Callable[[Setting, str], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Resolution(Generic[C]):
    """A runtime config with what kept stored values out of it; ``refused`` is a note by key.

    ``unsettled`` has the note of each setting with a value that history refused, by an import too, until
    somebody sets it; ``held`` are those of them whose row still has that value.
    """

    config: C
    values: Mapping[str, Any]
    refused: Mapping[str, str]
    problems: tuple[Problem, ...]
    unsettled: Mapping[str, str]
    held: frozenset[str]


_parsed: dict[str, tuple[Setting, str, Any]] = {}
"""The last text of each setting that is no secret, with its value: most rows stay as they were."""


def read_with_keyring(setting: Setting, text: str) -> Any:
    """Return the value of a stored text, decrypting a secret; raise what stands against it."""
    if not setting.is_secret:
        return _parse(setting, text)
    from config_app.encryption.install_keyring import get_keyring

    return setting.parse(get_keyring().decrypt(setting.key, text))


def _parse(setting: Setting, text: str) -> Any:
    known, last, value = _parsed.get(setting.key, (None, "", None))
    if known is not setting or last != text:
        value = setting.parse(text)
        _parsed[setting.key] = (setting, text, value)
    return value


def read_without_keyring(setting: Setting, text: str) -> Any:
    """Return the value of a stored text, and for a secret only that there is one."""
    return Secret.masked() if setting.is_secret else setting.parse(text)


class _Resolver(Generic[C]):
    """Collects values and problems, key by key."""

    def __init__(self, schema: Schema[C], stored: Stored, reader: Reader) -> None:
        self.schema, self.stored, self.reader = schema, stored, reader
        self.values: dict[str, Any] = {}
        self.refused: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.unsettled = store.unsettled() if stored.any_refused else []
        self.held = {change.key: change for change in self.unsettled if self._is_about_row(change)}
        self._locked: KeyringLocked | None = None

    def _is_about_row(self, change: Change) -> bool:
        """Tell whether a refused change wrote the row as it is; an import's refusal leaves the row alone."""
        setting, row = self.schema.settings.get(change.key), self.stored.rows.get(change.key)
        if setting is None or change.old_value == change.new_value:
            return False
        return change.new_value == store.archived(row.value if row else None, is_secret=setting.is_secret)

    def read_rows(self) -> None:
        for key, setting in self.schema.settings.items():
            if (row := self.stored.rows.get(key)) is not None:
                self._read_row(setting, row)
        unknown = self.stored.rows.keys() - self.schema.settings.keys() - {SALT_KEY}
        self.problems.extend(_unknown(key) for key in sorted(unknown))

    def hold_back(self) -> None:
        """Keep out what was refused when it was written, even if it would be valid by now.

        Otherwise a change of another setting would put it in force unseen.
        """
        for key in self.held.keys() - self.refused.keys():
            self.refused[key] = self.held[key].note
            self.problems.append(_held(self.held[key]))
            self._use_last_good(self.schema[key])

    def _read_row(self, setting: Setting, row: Row) -> None:
        try:
            self.values[setting.key] = self._read(setting, row.value)
        except KeyringLocked as error:
            self._locked = error  # trying again for every secret would take long with a shared key
            self._refuse_secret(setting, f"{error}")
        except DecryptionFailed:
            self._refuse_secret(setting, f"enter it again with config set {setting.key} --stdin")
            self._use_last_good(setting)
        except InvalidValue as error:
            self.refused[setting.key] = error.expected
            self.problems.append(_invalid(setting, error))
            self._use_last_good(setting)

    def _read(self, setting: Setting, text: str) -> Any:
        if setting.is_secret and self._locked is not None:
            raise self._locked
        return self.reader(setting, text)

    def _refuse_secret(self, setting: Setting, fix: str) -> None:
        self.refused[setting.key] = "a secret that this install's key decrypts"
        message = f"{setting.key}: the stored secret cannot be decrypted and needs re-entry"
        self.problems.append(Problem(code="secret_unreadable", message=message, fix=fix, keys=(setting.key,)))

    def _use_last_good(self, setting: Setting) -> bool:
        """Put the value that was last in force back; tell whether that is another than the row's."""
        for text in store.accepted_texts(setting.key):
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
        """Name every broken rule, and return what keeps them all that can be kept.

        Going back for one rule may break another, so look again until none is new.
        """
        known: set[str] = set()
        while True:
            config = self.schema.build(self.values)
            violations = [v for v in self.schema.violations(config) if str(v) not in known]
            if not violations:
                return config
            known |= {str(violation) for violation in violations}
            self.problems.extend(_broken_rule(violation) for violation in violations)
            for violation in violations:
                self._retreat(violation)

    def _retreat(self, violation: RuleViolation) -> None:
        """Go back to the last good values of the settings that a rule names."""
        for key in violation.keys:
            if key not in self.refused and self._use_last_good(self.schema[key]):
                self.refused[key] = violation.message

    def result(self, config: C) -> Resolution[C]:
        unsettled = {change.key: change.note for change in self.unsettled}
        problems = tuple(self.problems)
        return Resolution(config, self.values, self.refused, problems, unsettled, frozenset(self.held))


def resolve(
    schema: Schema[C], stored: Stored, reader: Reader = read_with_keyring, *, anew: bool = False
) -> Resolution[C]:
    """Return what ``stored`` puts in force.

    A row that does not validate, or takes part in a broken rule, never takes effect: the value that
    history last accepted does, so that every process decides alike (requirement R4). What history has
    refused stays out until it is settled; ``anew`` judges it once more.
    """
    resolver = _Resolver(schema, stored, reader)
    resolver.read_rows()
    if not anew:
        resolver.hold_back()
    return resolver.result(resolver.apply_rules())


@dataclasses.dataclass(frozen=True, slots=True)
class Known(Generic[C]):
    """What the table was and what that puts in force."""

    stored: Stored
    resolution: Resolution[C] = dataclasses.field(repr=False)


def unsettled_problems(schema: Schema[Any], resolution: Resolution[Any]) -> list[Problem]:
    """Return what an import refused and nobody has settled since, beyond the resolution's own problems."""
    named = {key for problem in resolution.problems for key in problem.keys}
    return [
        Problem(
            code="refused_value",
            message=f"{key}: {note}",
            fix=f"set it with config set {key} VALUE",
            keys=(key,),
        )
        for key, note in resolution.unsettled.items()
        if key in schema.settings and key not in named
    ]


def _held(change: Change) -> Problem:
    return Problem(
        code="refused_value",
        message=f"{change.key}: the value written to the database was refused ({change.note}); "
        "the last good value stays in force",
        fix=f"set it with config set {change.key} VALUE",
        keys=(change.key,),
        severity="error",
    )


def _invalid(setting: Setting, error: InvalidValue) -> Problem:
    return Problem(
        code="invalid_value",
        message=f"{setting.key}: the stored value is not valid, expected {error.expected}; "
        "the last good value stays in force",
        fix=f"set it with config set {setting.key} VALUE",
        keys=(setting.key,),
        severity="error",
    )


def _broken_rule(violation: RuleViolation) -> Problem:
    return Problem(
        code="broken_rule",
        message=f"{violation.message}; the last good values stay in force",
        fix=violation.fix or "",
        keys=tuple(violation.keys),
        severity="error",
    )


def _unknown(key: str) -> Problem:
    named = is_key_shaped(key)
    return Problem(
        code="unknown_setting",
        message=f"{key if named else 'a row'}: this version knows no such setting; the row has no effect",
        fix="remove the row, or install the version that knows it",
        keys=(key,) if named else (),
        severity="info",
    )
