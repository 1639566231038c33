"""Revisions that revert automatically unless a person confirms them in time.

A change that could lock its author out becomes such a revision. Deadlines use the database's clock, so all
machines agree on the deadlines. The first process that notices an overdue revision reverts it. If every
process has crashed, the next process reverts the revision at its start, before it opens a listener.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from config_app import store
from config_app.change import rights
from config_app.change.plan import actor_name, plan
from config_app.declaration.schema import Setting
from config_app.declaration.unset import UNSET
from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.live import runtime
from config_app.live.resolution import read_with_keyring, refuse_former_secret
from config_app.models import Change, Revision
from config_app.project import confirm_seconds, get_schema
from config_app.store import Origin, Stored, deadlines
from config_app.store.failures import database_errors

logger = logging.getLogger("config_app")

DEFAULT_SECONDS = 300.0
"""A person must confirm a revision within this number of seconds. The project can set another number."""
CONFIRMED, REVERTED, FAILED = "confirmed", "reverted", "failed"


@dataclasses.dataclass(frozen=True, slots=True)
class UnconfirmedRevision:
    """A revision that waits to be confirmed, with the keys of the settings that it changed."""

    number: int
    seconds_left: float
    keys: frozenset[str]


def period() -> float:
    """Return how many seconds a person has to confirm a change that was made in the browser.

    The project can set this number in ``CONFIG_APP["CONFIRM_SECONDS"]``.
    """
    return confirm_seconds(DEFAULT_SECONDS)


def waiting() -> list[UnconfirmedRevision]:
    """Return the revisions that wait to be confirmed, newest first."""
    left = dict(reversed(deadlines.unconfirmed()))
    keys: dict[int, set[str]] = {number: set() for number in left}
    with database_errors():
        changes = Change.objects.filter(revision__in=list(left), refused=False) if left else ()
        for change in changes:
            keys[change.revision_id].add(get_schema().current_key(change.key))
    return [UnconfirmedRevision(number, seconds, frozenset(keys[number])) for number, seconds in left.items()]


def confirm(number: int, *, actor: object = None, reason: str = "", version: int | None = None) -> None:
    """Confirm a revision, so that it no longer reverts automatically.

    Raise ``NotWaiting`` if the revision is not waiting for a confirmation. Raise ``Moved`` if ``version`` is
    given but is not the current version of the tables. Raise ``InvalidPlan`` if ``actor`` is a user who may
    not change every setting of the revision.
    """
    origin = Origin(actor=actor_name(actor), reason=reason)
    with store.writing() as stored:
        # The caller checked the actor's rights at this version. A later change may have revoked them.
        _refuse_if_moved(stored, version)
        _check_rights(number, actor)
        _record_outcome(number, CONFIRMED, actor=origin.actor, reason=origin.reason)
        store.bump_version(stored)
        runtime.reload_on_commit()


def revert(
    number: int, *, actor: object, address: str = "", reason: str = "", version: int | None = None
) -> Revision | None:
    """Revert an unconfirmed revision before its deadline.

    Return the new revision that undoes the changes. Return ``None`` if there is nothing left to undo. Raise
    ``NotWaiting``, ``Moved`` and ``InvalidPlan`` in the same cases as ``confirm``. Raise ``ConfigError`` if
    the changes cannot be undone.
    """
    reason = reason or f"revision {number} was reverted instead of confirmed"
    return _revert(number, Origin(channel="revert", reason=reason, address=address), actor, version)


def revert_overdue() -> list[Revision]:
    """Revert every unconfirmed revision whose deadline has passed. Return the new revisions."""
    overdue = [number for number, left in deadlines.unconfirmed() if left <= 0]
    return [revision for number in reversed(overdue) if (revision := _revert_overdue(number))]


def _revert_overdue(number: int) -> Revision | None:
    origin = Origin(channel="revert", reason=f"revision {number} was not confirmed in time")
    try:
        revision = _revert(number, origin, "auto-revert")
    except (NotWaiting, DatabaseUnavailable) as error:
        if isinstance(error, DatabaseUnavailable):
            raise  # so that the caller tries again later
        return None
    except ConfigError as error:
        _give_up(number, error)
        return None
    logger.warning("revision %s was not confirmed in time and has been reverted", number)
    return revision


class Moved(ConfigError):
    """The configuration changed after the caller checked whether the actor may confirm or revert."""

    def __init__(self) -> None:
        super().__init__(
            "the configuration has changed in the meantime", fix="review the changes, then try again"
        )


class NotWaiting(ConfigError):
    """The revision is not waiting for a confirmation.

    Either the revision never needed a confirmation, or it has already been confirmed or reverted.
    """

    def __init__(self, number: int) -> None:
        super().__init__(
            f"revision {number} is not waiting for a confirmation",
            fix="manage.py config history shows whether the revision was confirmed or reverted",
        )


def _refuse_if_moved(stored: Stored, version: int | None) -> None:
    if version is not None and version != stored.version:
        raise Moved


def _check_rights(number: int, actor: object) -> None:
    """Raise ``InvalidPlan`` if ``actor`` is a user who may not change every setting of the revision."""
    if rights.is_person(actor):
        changes = Change.objects.filter(revision=number, refused=False)
        rights.check(actor, changes.values_list("key", flat=True))


def _record_outcome(number: int, outcome: str, *, actor: str = "", reason: str = "") -> None:
    if not deadlines.record_outcome(number, outcome, actor=actor, reason=reason):
        raise NotWaiting(number)


def _revert(number: int, origin: Origin, actor: object, version: int | None = None) -> Revision | None:
    with store.writing() as stored:
        _refuse_if_moved(stored, version)
        _check_rights(number, actor)
        _record_outcome(number, REVERTED)
        undoing = plan(_changes_back(number), managed=True)
        revision = undoing.apply(
            actor=actor, channel=origin.channel, reason=origin.reason, address=origin.address
        )
        if revision is None:
            store.bump_version(stored)
            runtime.reload_on_commit()
    return revision


def _changes_back(number: int) -> dict[str, Any]:
    """Return the changes that undo a revision.

    The dict has the key of each setting that the revision changed, and the value that the setting had before
    the revision. A setting is left out if its value has changed again since the revision.
    """
    changes: dict[str, Any] = {}
    rows = store.read().rows
    schema = get_schema()
    for change in Change.objects.filter(revision=number, refused=False):
        key = schema.current_key(change.key)
        row = rows.get(key)
        if key in schema.settings and (row.value if row else None) == change.new_value:
            changes[key] = _old_value(schema[key], change)
    return changes


def _old_value(setting: Setting, change: Change) -> Any:
    if change.old_value is None:
        return UNSET
    refuse_former_secret(setting, is_secret=change.is_secret)
    return read_with_keyring(setting, change.old_value)


def _give_up(number: int, error: ConfigError) -> None:
    """Record in the log and in the history that the revision cannot be reverted.

    Afterwards, no process tries to revert the revision again.
    """
    logger.error("revision %s was not confirmed in time and cannot be reverted: %s", number, error)
    with store.writing() as stored:
        deadlines.record_outcome(number, FAILED)
        store.bump_version(stored)
