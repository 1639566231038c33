"""Checks of the stored configuration and of its history."""

from __future__ import annotations

from collections.abc import Collection

from config_app import store
from config_app.change import adoption
from config_app.database import migrate_command
from config_app.errors import is_key_shaped
from config_app.live.resolution import UNREADABLE
from config_app.presentation.changes import clock
from config_app.presentation.overview import Overview
from config_app.problems import Check, Finding, Problem
from config_app.project import get_project, get_schema

OF_RULES = {"broken_rule", "faulty_rule"}


def stored_values(overview: Overview) -> Finding:
    """Check that every stored value is valid and belongs to a setting, and that no import refused a value."""
    found = [p for p in overview.stored_problems if p.code not in {*OF_RULES, UNREADABLE}]
    stored = [entry for entry in overview.entries.values() if entry.is_stored]
    refused = {key for problem in found for key in problem.keys}
    valid = [entry for entry in stored if entry.setting.key not in refused]
    return Finding(f"{len(valid)} of {len(stored)} are valid", tuple(found))


def rules(overview: Overview) -> Finding:
    """Check that the stored values satisfy the rules between settings."""
    broken = tuple(p for p in overview.stored_problems if p.code in OF_RULES)
    count = len(get_schema().rules)
    return Finding(f"{len(broken)} of {count} are broken" if broken else f"all {count} are satisfied", broken)


def history(overview: Overview) -> Finding:
    """Check that the history agrees with the rows, and that no revision is missing from the history."""
    problems = [*_unrecorded(), *_missing_revisions()]
    first = store.first_complete()
    pruned = f", and the history begins with revision {first}" if first > 1 else ""
    return Finding(f"the last revision is {overview.revision}{pruned}", tuple(problems))


def _unrecorded() -> list[Problem]:
    """If rows differ from the history, return a list with one problem. Otherwise, return an empty list."""
    stored, differing = adoption.read_differing()
    keys = tuple(sorted(filter(is_key_shaped, differing)))
    if not keys:
        return []
    names = ", ".join(keys)
    if stored.drifted:
        message = f"{names}: the database was changed with SQL, and no revision records this change yet"
        fix = "if a process runs, wait some seconds; otherwise, start a process, which will record the change"
        return [Problem(code="unrecorded", message=message, fix=fix, keys=keys)]
    message = f"{names}: the row differs from the history, and the triggers did not notice the change"
    fix = f"run {migrate_command()} to restore the triggers, then set them again with manage.py config set"
    return [Problem(code="history_differs", message=message, fix=fix, keys=keys, severity="error")]


def _missing_revisions() -> list[Problem]:
    first, count, last = store.kept_revisions()
    if count == max(0, last + 1 - first):
        return []
    since = f" since revision {first}" if first > 1 else ""
    message = (
        f"the last revision is {last}, but the history has only {count} revisions{since}: "
        "some were removed or renumbered"
    )
    return [Problem(code="revisions_missing", message=message, fix="restore the history from a backup")]


def confirmations(overview: Overview) -> Finding:
    """Check that no revision waits to be confirmed."""
    waiting = tuple(_waiting(number, left) for number, left in overview.unconfirmed)
    text = f"unconfirmed revisions: {len(waiting)}" if waiting else "no revision waits to be confirmed"
    return Finding(text, waiting)


def _waiting(number: int, left: float) -> Problem:
    if left > 0:
        message = f"revision {number} reverts in {clock(left)} unless it is confirmed"
    else:
        message = f"revision {number} should have reverted {clock(-left)} ago, but no process reverted it"
    back = f"manage.py config rollback {number - 1} to undo the revision"
    fix = f"run manage.py config confirm {number} to keep the revision, or {back}"
    return Problem(code="unconfirmed", message=message, fix=fix)


def environment(overview: Overview) -> Finding:
    """Check that no environment variable differs from its setting in the database."""
    found = tuple(get_project().drift(overview.config))
    text = "variables differ from the database" if found else "no variable differs from the database"
    return Finding(text, found)


def project(overview: Overview, reported: Collection[Problem] = ()) -> Finding:
    """Check that the project itself reports no problem besides those in ``reported``."""
    found = [*get_project().problems(overview.config), *get_project().findings(overview.config)]
    left = tuple(problem for problem in found if problem not in reported)
    return Finding(f"reports problems: {len(left)}" if left else "reports no problem", left)


CHECKS: tuple[Check, ...] = (stored_values, rules, history, confirmations, environment)
