"""Facts about the stored configuration: what is not in force and why, and what history says."""

from __future__ import annotations

from django.db.models import Max

from config_app import store
from config_app.change import adoption
from config_app.doctor.keyring import UNREADABLE
from config_app.errors import is_key_shaped
from config_app.models import Revision
from config_app.presentation.changes import clock
from config_app.presentation.overview import Overview
from config_app.problems import Check, Finding, Problem
from config_app.project import get_project, get_schema

BROKEN_RULE = "broken_rule"


def stored_values(overview: Overview) -> Finding:
    """Every stored value is valid and belongs to a setting, and nothing that an import refused is left."""
    found = [p for p in overview.stored_problems if p.code not in {BROKEN_RULE, UNREADABLE}]
    stored = [entry for entry in overview.entries.values() if entry.is_stored]
    refused = {key for problem in found for key in problem.keys}
    valid = [entry for entry in stored if entry.setting.key not in refused]
    return Finding(f"{len(valid)} of {len(stored)} are in force", tuple(found))


def rules(overview: Overview) -> Finding:
    """The rules across settings hold for what is stored."""
    broken = tuple(p for p in overview.stored_problems if p.code == BROKEN_RULE)
    count = len(get_schema().rules)
    return Finding(f"{len(broken)} broken" if broken else f"all of {count} hold", broken)


def history(overview: Overview) -> Finding:
    """History says what the rows say, and no revision is missing from it."""
    problems = [*_unrecorded(), *_missing_revisions()]
    return Finding(f"revision {overview.revision} is the last", tuple(problems))


def _unrecorded() -> list[Problem]:
    """Return that rows differ from history: the triggers noticed it, or nobody has."""
    stored = store.read()
    keys = tuple(sorted(filter(is_key_shaped, adoption.differing(stored))))
    if not keys:
        return []
    names = ", ".join(keys)
    if stored.drifted:
        message = f"{names}: the database was changed directly, and no revision says so yet"
        fix = "a running process records that within seconds; otherwise the next change does"
        return [Problem(code="unrecorded", message=message, fix=fix, keys=keys)]
    message = f"{names}: the row is not what history says, and nothing counted the change"
    fix = "run manage.py migrate for the triggers, then set each of them with config set"
    return [Problem(code="history_differs", message=message, fix=fix, keys=keys, severity="error")]


def _missing_revisions() -> list[Problem]:
    count = Revision.objects.count()
    last = Revision.objects.aggregate(last=Max("number"))["last"] or 0
    if count == last:
        return []
    message = f"{count} revisions are there, but the last has number {last}: some were removed or renumbered"
    return [Problem(code="revisions_missing", message=message, fix="restore the history from a backup")]


def confirmations(overview: Overview) -> Finding:
    """No revision is about to revert by itself."""
    waiting = tuple(_waiting(number, left) for number, left in overview.unconfirmed)
    return Finding(f"{len(waiting)} to come" if waiting else "no revision waits for one", waiting)


def _waiting(number: int, left: float) -> Problem:
    if left > 0:
        message = f"revision {number} reverts in {clock(left)} unless it is confirmed"
    else:
        message = f"revision {number} should have reverted {clock(-left)} ago, but no process did so"
    fix = f"run manage.py config confirm {number} to keep it, or manage.py config rollback {number - 1}"
    return Problem(code="unconfirmed", message=message, fix=fix)


def environment(overview: Overview) -> Finding:
    """No environment variable says anything else than the database, which alone decides."""
    found = tuple(get_project().drift(overview.config))
    return Finding("the database decides" if found else "no variable differs from the database", found)


def project(overview: Overview) -> Finding:
    """The project itself has nothing else to report."""
    found = tuple(get_project().problems(overview.config))
    return Finding("has something to report" if found else "has nothing else to report", found)


CHECKS: tuple[Check, ...] = (stored_values, rules, history, confirmations, environment, project)
