"""The problems that are found while the stored values are resolved."""

from __future__ import annotations

from config_app.declaration.schema import Setting
from config_app.errors import FaultyRule, InvalidValue, RuleViolation, is_key_shaped
from config_app.problems import Problem


def replacing(setting: Setting, value: str = "VALUE") -> str:
    """Return what a person can do to replace the stored value of a setting; ``value`` ends the command."""
    if not setting.managed:
        return f"run manage.py config set {setting.key} {value}"
    if setting.is_secret:
        return "let the application set it again, because no command can set it"
    return f"write a valid value to the row {setting.key} with SQL, because no command can set it"


def refused(setting: Setting, note: str) -> Problem:
    """Return the problem of a valid value in the table that is not used; ``note`` says why it was refused."""
    return _unused("refused_value", setting, f"the value written to the database was refused ({note})")


def invalid(setting: Setting, error: InvalidValue) -> Problem:
    """Return the problem of a stored value that is not valid."""
    return _unused("invalid_value", setting, f"the stored value is not valid, expected {error.expected}")


def _unused(code: str, setting: Setting, finding: str) -> Problem:
    return Problem(
        code=code,
        message=f"{setting.key}: {finding}; the last good value is still used",
        fix=replacing(setting),
        keys=(setting.key,),
        severity="error",
    )


def broken_rule(violation: RuleViolation) -> Problem:
    """Return the problem of a broken rule, or of a rule that failed."""
    if isinstance(violation, FaultyRule):
        fix = violation.fix or ""
        return Problem(code="faulty_rule", message=violation.message, fix=fix, severity="error")
    return Problem(
        code="broken_rule",
        message=f"{violation.message}; the last good values are still used",
        fix=violation.fix or "",
        keys=tuple(violation.keys),
        severity="error",
    )


def unknown(key: str) -> Problem:
    """Return the problem of a row whose key is not the key of a setting."""
    named = is_key_shaped(key)
    return Problem(
        code="unknown_setting",
        message=f"{key if named else 'a row'}: this version knows no such setting; the row has no effect",
        fix="run manage.py config prune to remove the row, or install the version that has the setting",
        keys=(key,) if named else (),
        severity="info",
    )


def former(old: str, key: str) -> Problem:
    """Return the problem of a row that is used but still has a former key."""
    return Problem(
        code="renamed_setting",
        message=f"{old}: this setting is called {key} now; the value under its former key is still used",
        fix="run manage.py config prune to store the value under the new key",
        keys=(old,),
    )


def leftover(old: str, key: str) -> Problem:
    """Return the problem of a row that has a former key and is not used."""
    return Problem(
        code="renamed_setting",
        message=f"{old}: this setting is called {key} now and has a newer value; the old row has no effect",
        fix="run manage.py config prune to remove the old row",
        keys=(old,),
        severity="info",
    )
