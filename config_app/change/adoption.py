"""Writes past the store, such as raw SQL: noticed by their version and made a revision like any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from config_app import store
from config_app.declaration.reserved import SALT_KEY
from config_app.live.resolution import resolve
from config_app.project import get_schema
from config_app.store import Edit, Origin, Stored, archived

SQL = Origin(channel="sql", reason="changed in the database")


def adopt(stored: Stored, *, thoroughly: bool = False) -> Stored:
    """Record what somebody wrote past the store; only within ``store.writing``.

    A value that is not in force is recorded as refused, with what was expected. With ``thoroughly``, also
    what no trigger counted: after a restore without them, or on a database that has none.
    """
    if not stored.drifted and not (thoroughly and differing(stored)):
        return stored
    edits = _edits(stored)
    if not edits:
        return store.acknowledge(stored)
    revision = store.record_only(stored, edits, SQL)
    return dataclasses.replace(stored, revision=revision.number, recorded_version=stored.version)


def adopt_now() -> None:
    """Record what somebody wrote past the store, in a transaction of its own."""
    with store.writing() as stored:
        adopt(stored, thoroughly=True)


def is_unrecorded() -> bool:
    """Tell whether the rows say something else than history, whether or not anybody counted a write."""
    return bool(differing(store.read()))


def unrecorded(stored: Stored) -> list[str]:
    """Return the keys that somebody changed past the store and that no revision has yet."""
    return [edit.key for edit in _edits(stored)] if stored.drifted else []


def differing(stored: Stored) -> set[str]:
    """Return the keys whose rows are not what history says, counted as a change or not."""
    return _differing(store.latest_texts(), _texts(stored))


def _differing(expected: Mapping[str, str | None], found: Mapping[str, str | None]) -> set[str]:
    return {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}


def _texts(stored: Stored) -> dict[str, str | None]:
    """Return what history keeps of each row, by key."""
    return {
        key: archived(row.value, is_secret=_is_secret(key, stored))
        for key, row in stored.rows.items()
        if key != SALT_KEY
    }


def _edits(stored: Stored) -> list[Edit]:
    """Return what differs from history, and what history refused and is valid by now."""
    expected, found = store.latest_texts(), _texts(stored)
    resolution = resolve(get_schema(), stored, anew=True)
    valid_by_now = resolution.held - resolution.refused.keys()
    return [
        Edit(
            key=key,
            old=expected.get(key),
            new=found.get(key),
            is_secret=_is_secret(key, stored),
            refused=key in resolution.refused,
            note=resolution.refused.get(key, ""),
        )
        for key in sorted(_differing(expected, found) | valid_by_now)
    ]


def _is_secret(key: str, stored: Stored) -> bool:
    """Tell whether history must mask the row: where the declaration or the row says so."""
    setting, row = get_schema().settings.get(key), stored.rows.get(key)
    return bool((setting and setting.is_secret) or (row and row.is_secret))
