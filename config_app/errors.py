"""Every deliberate exception of the engine; each text is one line and never contains a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

_KEY_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class ConfigError(Exception):
    """Base of all of them: what is wrong, which settings it concerns and how to fix it."""

    def __init__(self, message: str, *, keys: Iterable[str] = (), fix: str | None = None) -> None:
        self.message = _one_line(message)
        self.keys = tuple(keys)
        self.fix = None if fix is None else _one_line(fix)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}" if self.fix else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls __init__ again with `args`, which are not our parameters.
        return _rebuild, (type(self), self.args, self.__dict__)


class InvalidValue(ConfigError):
    """A value given for a setting is not what the setting expects."""

    def __init__(self, key: str, expected: str, *, fix: str | None = None, label: str | None = None) -> None:
        super().__init__(f"{key}: expected {expected}", keys=(key,), fix=fix)
        self.key = key
        self.expected = expected
        self.label = label or key


class UnknownSetting(ConfigError):
    """No setting has this key."""

    def __init__(self, key: str, suggestions: Sequence[str] = ()) -> None:
        name = key if is_key_shaped(key) else "unknown key"
        fix = f"did you mean {_alternatives(suggestions)}?" if suggestions else None
        super().__init__(f"{name}: no such setting", keys=(key,), fix=fix)
        self.key = key
        self.suggestions = tuple(suggestions)


class ManagedSetting(ConfigError):
    """The setting belongs to the software itself and cannot be set by hand."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: cannot be set by hand, {why}", keys=(key,))
        self.key = key
        self.why = why


class ForbiddenSetting(ConfigError):
    """This person may change settings, but not this one."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key}: you are not permitted to change it", keys=(key,))
        self.key = key


class NotProved(ConfigError):
    """A sensitive change waits for proof that it is really the person who is signed in."""


class RuleViolation(ConfigError):
    """Each value is valid alone, but not together with the others."""

    def __init__(self, keys: Iterable[str], message: str, fix: str | None = None) -> None:
        names = tuple(keys)
        super().__init__(f"{', '.join(names)}: {message}" if names else message, keys=names, fix=fix)


class InvalidPlan(ConfigError):
    """A plan is refused for one reason or several; `errors` has them all."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(_flatten(errors))
        if not self.errors:
            raise ValueError("a plan is refused for at least one reason")
        lines = [str(error) for error in self.errors]
        message = lines[0] if len(lines) == 1 else f"{len(lines)} problems: {' | '.join(lines)}"
        keys = dict.fromkeys(key for error in self.errors for key in error.keys)
        super().__init__(message, keys=keys)


class StaleRevision(ConfigError):
    """Someone else changed the configuration since it was looked at; `diff` (masked) says how."""

    def __init__(self, expected: int, actual: int, diff: Sequence[object] = ()) -> None:
        super().__init__(
            f"expected the configuration at revision {expected}, but it is at revision {actual}",
            fix="look at what changed, then decide again",
        )
        self.expected = expected
        self.actual = actual
        self.diff = tuple(diff)


class SecretMasked(ConfigError):
    """The content of a secret is asked for where it is not at hand, after pickling for one."""

    def __init__(self) -> None:
        super().__init__("this secret is masked: its content is not at hand here")


class KeyringLocked(ConfigError):
    """No slot opens the data key, so no secret can be read or written."""

    def __init__(self, why: str, fix: str | None = None) -> None:
        super().__init__(f"the keyring is locked: {why}", fix=fix)
        self.why = why


class DecryptionFailed(ConfigError):
    """The stored secret was not encrypted for this setting with this keyring."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key}: the stored secret cannot be decrypted with this keyring",
            keys=(key,),
            fix="unlock the keyring it was encrypted with, or enter the secret again",
        )
        self.key = key


class DatabaseUnavailable(ConfigError):
    """The database cannot be used now; never a reason to treat the install as empty."""

    def __init__(self, why: str, fix: str | None = None) -> None:
        super().__init__(f"the database is unavailable: {why}", fix=fix)
        self.why = why


class ConfigurationLocked(DatabaseUnavailable):
    """Another transaction has held the writers' lock for longer than this one was willing to wait."""

    def __init__(self) -> None:
        super().__init__(
            "another transaction has held the lock on the configuration for too long",
            "try again, or end the transaction that somebody left open in a database client",
        )


class NewerSchema(ConfigError):
    """The database has migrations this code does not know."""

    def __init__(self, unknown_migrations: Sequence[str]) -> None:
        super().__init__(
            f"the database was migrated by a newer version (unknown here: {', '.join(unknown_migrations)})",
            fix="install that version or later, or restore the backup made before the upgrade",
        )
        self.unknown_migrations = tuple(unknown_migrations)


def is_key_shaped(text: str) -> bool:
    """Tell whether a text may be repeated as a key; any other may be a value in the wrong place."""
    return _KEY_SHAPE.fullmatch(text) is not None


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
