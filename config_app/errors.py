"""The exceptions of config_app. Each message is one line and never contains a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from config_app.problems import runnable

REPEAT = "roll the whole transaction back, then try again"
_KEY_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class ConfigError(Exception):
    """The base class of config_app's exceptions.

    ``message`` says what is wrong, and ``keys`` are the keys of the settings concerned. ``fix`` says what to
    do, or is ``None``. ``str()`` is for people who have access to this machine: it completes the commands.
    """

    def __init__(self, message: str, *, keys: Iterable[str] = (), fix: str | None = None) -> None:
        self.message = _one_line(message)
        self.keys = tuple(keys)
        self.fix = None if fix is None else _one_line(fix)
        super().__init__(self.message)

    def __str__(self) -> str:
        return runnable(f"{self.message}; {self.fix}" if self.fix else self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickling an exception normally calls __init__ with `args`, which do not match our parameters.
        return _rebuild, (type(self), self.args, self.__dict__)


class InvalidValue(ConfigError):
    """A value is not valid for its setting."""

    def __init__(self, key: str, expected: str, *, fix: str | None = None, label: str | None = None) -> None:
        super().__init__(f"{key}: expected {expected}", keys=(key,), fix=fix)
        self.key = key
        self.expected = expected
        self.label = label or key


class UnknownSetting(ConfigError):
    """There is no setting with this key; ``suggestions`` are similar keys."""

    def __init__(self, key: str, suggestions: Sequence[str] = ()) -> None:
        # A person may have entered a secret in the place of the key.
        looks_like_a_word = is_key_shaped(key) and re.fullmatch(r"[a-z_]+", key)
        name = key if looks_like_a_word or (suggestions and is_key_shaped(key)) else "unknown key"
        fix = f"did you mean {_alternatives(suggestions)}?" if suggestions else None
        super().__init__(f"{name}: no such setting", keys=(str(key),), fix=fix)
        self.key = key
        self.suggestions = tuple(suggestions)


class ManagedSetting(ConfigError):
    """Only code can change this setting; ``why`` is a sentence that gives the reason."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: cannot be set by hand: {why}", keys=(key,))
        self.key = key
        self.why = why


class ForbiddenSetting(ConfigError):
    """The user is permitted to change the configuration, but not this setting."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key}: you are not permitted to change this setting", keys=(key,))
        self.key = key


class ForbiddenChange(ConfigError):
    """The user is not permitted to change the configuration at all."""

    permission = "config_app.change_systemconfig"

    def __init__(self) -> None:
        fix = f"ask for the permission {self.permission}"
        super().__init__("you are not permitted to change the configuration", fix=fix)


class NotProved(ConfigError):
    """The person must prove their identity before a sensitive change, and has not done so recently."""


class RuleViolation(ConfigError):
    """Values that are valid one by one do not fit together."""

    def __init__(self, keys: Iterable[str], message: str, fix: str | None = None) -> None:
        names = tuple(keys)
        super().__init__(f"{', '.join(names)}: {message}" if names else message, keys=names, fix=fix)


class FaultyRule(RuleViolation):
    """A rule raised an exception or did not return violations, so the values were not checked."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__((), f"the rule {rule} {why}", "correct the rule in the project's code")


class InvalidPlan(ConfigError):
    """A plan is refused. ``errors`` contains an error for each reason, and is never empty."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(_flatten(errors))
        if not self.errors:
            raise ValueError("InvalidPlan needs at least one error")
        lines = [str(error) for error in self.errors]
        message = lines[0] if len(lines) == 1 else f"{len(lines)} problems: {' | '.join(lines)}"
        keys = dict.fromkeys(key for error in self.errors for key in error.keys)
        super().__init__(message, keys=keys)


class StaleRevision(ConfigError):
    """The configuration has changed since the expected revision; ``diff`` has the revisions since then."""

    def __init__(self, expected: int, actual: int, diff: Sequence[object] = ()) -> None:
        super().__init__(
            f"expected the configuration at revision {expected}, but it is at revision {actual}",
            fix="look at what has changed, then try again",
        )
        self.expected = expected
        self.actual = actual
        self.diff = tuple(diff)


class SecretMasked(ConfigError):
    """Code called ``reveal()`` on a masked ``Secret``. For example, an unpickled ``Secret`` is masked."""

    def __init__(self) -> None:
        super().__init__("this secret is masked: its content is not available here")


class KeyringLocked(ConfigError):
    """No available key unlocks the keyring, so secrets can be neither read nor written."""

    def __init__(self, why: str, fix: str | None = None) -> None:
        super().__init__(f"the keyring is locked: {why}", fix=fix)
        self.why = why


class DecryptionFailed(ConfigError):
    """A stored secret was not encrypted for this setting with this keyring."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key}: the stored secret cannot be decrypted with this keyring",
            keys=(key,),
            fix="enter the secret again, or unlock the keyring with which it was encrypted",
        )
        self.key = key


class DatabaseUnavailable(ConfigError):
    """The database cannot be used now. Never treat the install as empty because of this error."""

    def __init__(self, why: str, fix: str | None = None) -> None:
        super().__init__(f"the database is unavailable: {why}", fix=fix)
        self.why = why


class ConfigurationLocked(DatabaseUnavailable):
    """Another transaction held the writers' lock for too long, so this write is refused."""

    def __init__(self) -> None:
        super().__init__(
            "another transaction has held the lock on the configuration for too long",
            "try again, or end the transaction that is still open in a database client",
        )


class WriteConflict(DatabaseUnavailable):
    """Another transaction changed the configuration at the same time; repeat the whole transaction."""

    def __init__(self) -> None:
        self.why = "another transaction changed the same data at the same time"
        ConfigError.__init__(self, f"nothing was written, because {self.why}", fix=REPEAT)


class BrokenTransaction(DatabaseUnavailable):
    """An earlier error has broken the caller's transaction, so the database refuses further statements."""

    def __init__(self) -> None:
        self.why = "an earlier error has broken this transaction"
        ConfigError.__init__(self, self.why, fix=REPEAT)


class UnstorableText(ConfigError):
    """A change contains a text that the database cannot store, even if the text is valid for its setting."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(f"the database cannot store a text of this change: {why}", fix=fix)
        self.why = why


class InvalidOrigin(ConfigError):
    """The history cannot store the actor, channel, reason or address of a change.

    ``name`` says which of the four is not valid.
    """

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"the {name} of a change: expected {expected}")
        self.name = name
        self.expected = expected


class NewerSchema(ConfigError):
    """The database has migrations that this version of the code does not have."""

    code = "newer_schema"

    def __init__(self, unknown_migrations: Sequence[str]) -> None:
        unknown = ", ".join(unknown_migrations)
        super().__init__(
            f"the database was migrated by a newer version (migrations unknown here: {unknown})",
            fix="install that version or a later one, or restore the backup from before the upgrade",
        )
        self.unknown_migrations = tuple(unknown_migrations)


def is_key_shaped(text: object) -> bool:
    """Return whether a text has the form of a key.

    A key begins with an ASCII letter. Up to 63 ASCII letters, digits and underscores follow.
    """
    # Only such a text may be repeated in a message. Any other text may be a secret, entered as a key.
    return isinstance(text, str) and _KEY_SHAPE.fullmatch(text) is not None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _alternatives(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _flatten(errors: Iterable[ConfigError]) -> Iterable[ConfigError]:
    for error in errors:
        if isinstance(error, InvalidPlan):
            yield from error.errors
        else:
            yield error


def _rebuild(cls: type[ConfigError], args: tuple[object, ...], state: dict[str, Any]) -> ConfigError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error
