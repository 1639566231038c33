"""Adopts changes that bypassed the store, such as raw SQL: records them as revisions."""

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
    """Record all writes that bypassed the store as one revision, and return the updated ``stored``.

    An invalid value is recorded as refused, with a note that says what was expected. If ``thoroughly`` is
    true, also record writes that did not increase the version. Call this function only within
    ``store.writing``.
    """
    # Some databases have no triggers, and a restore can lose them. Then ``drifted`` stays false.
    if not stored.drifted and not (thoroughly and differing(stored)):
        return stored
    edits = _edits(stored)
    if not edits:
        return store.acknowledge(stored)
    revision = store.record_only(stored, edits, SQL)
    return dataclasses.replace(
        stored,
        revision=revision.number,
        recorded_version=stored.version,
        any_refused=stored.any_refused or any(edit.refused for edit in edits),
    )


def adopt_now() -> None:
    """Record all writes that bypassed the store, even those that did not increase the version."""
    with store.writing() as stored:
        adopt(stored, thoroughly=True)


def is_unrecorded() -> bool:
    """Read the rows from the database. Return whether a row differs from the history."""
    return bool(read_differing()[1])


def unrecorded(stored: Stored) -> list[str]:
    """Return the keys of the rows that raw SQL has changed since the newest revision.

    This does not find writes that did not increase the version.
    """
    return [edit.key for edit in _edits(stored)] if stored.drifted else []


def differing(stored: Stored) -> set[str]:
    """Return the keys of the rows that differ from the history, even if no write increased the version."""
    return _differing(store.latest_texts(), _texts(stored))


def read_differing() -> tuple[Stored, set[str]]:
    """Read the rows. Return them, and the keys of the rows that differ from the history."""
    while True:
        stored = store.read()
        keys = differing(stored)
        # A change that is saved after the rows were read is in the history, but not in these rows.
        if not keys or store.version() == stored.version:
            return stored, keys


def _differing(expected: Mapping[str, str | None], found: Mapping[str, str | None]) -> set[str]:
    return {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}


def _texts(stored: Stored) -> dict[str, str | None]:
    """Return a dict that maps the key of each row to the text that the history stores for the row.

    The dict does not contain the salt.
    """
    return {
        key: archived(row.value, is_secret=_is_secret(key, stored))
        for key, row in stored.rows.items()
        if key != SALT_KEY
    }


def _edits(stored: Stored) -> list[Edit]:
    """Return an edit for each row that differs from the history.

    Also return an edit for each row whose value the history records as refused, if the value is valid now.
    """
    expected, found = store.latest_texts(), _texts(stored)
    resolution = resolve(get_schema(), stored)
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
    """Return whether the setting is declared as a secret, or the row is marked as a secret."""
    setting, row = get_schema().settings.get(key), stored.rows.get(key)
    return bool((setting and setting.is_secret) or (row and row.is_secret))
