"""A snapshot: the runtime config at one revision, read from the database."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Generic, TypeVar

from config_app import store
from config_app.encryption import install_keyring
from config_app.live.resolution import Reader, Resolution, read_with_keyring, refusal_problems, resolve
from config_app.problems import Problem
from config_app.project import get_schema
from config_app.store import Stored, deadlines

C = TypeVar("C")


@dataclasses.dataclass(frozen=True, slots=True)
class Known(Generic[C]):
    """The stored rows, and the runtime config that results from them."""

    stored: Stored
    resolution: Resolution[C] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """A runtime config that was read from the database.

    - ``revision``: the number of the newest revision at the time of the read.
    - ``version``: the version of the tables at the time of the read.
    - ``drifted``: whether raw SQL has changed the tables since that revision.
    - ``in_force_at``: when this process began to use the revision, in monotonic seconds.
    - ``confirm_by``: the earliest deadline of an unconfirmed revision, in monotonic seconds; ``None`` if no
      revision waits to be confirmed.
    """

    config: Any
    revision: int
    version: int
    drifted: bool
    problems: tuple[Problem, ...]
    in_force_at: float
    confirm_by: float | None = None


def read_known(reader: Reader = read_with_keyring) -> Known[Any]:
    """Read the stored rows, and return them with the runtime config that results from them."""
    return _read(reader)[0]


def _read(reader: Reader) -> tuple[Known[Any], tuple[Problem, ...]]:
    """Return the stored rows with the runtime config, and the problems of the keyring."""
    while True:
        stored = store.read()
        keyring = tuple(filter(None, [install_keyring.follow_salt(stored.salt)]))
        resolution = resolve(get_schema(), stored, reader)
        # Refused values come from the history, which was read after the rows. A change or a rotation between
        # these two statements can bring a refused value into use, or make a secret unreadable.
        is_from_rows = not stored.any_refused and not resolution.refused
        if is_from_rows or store.version() == stored.version:
            return Known(stored, resolution), keyring


def read_snapshot(reader: Reader = read_with_keyring) -> Snapshot:
    """Read the database and return a snapshot. The current snapshot of this process does not change."""
    known, keyring = _read(reader)
    stored, resolution = known.stored, known.resolution
    problems = (*keyring, *resolution.problems, *refusal_problems(get_schema(), resolution))
    return Snapshot(
        config=resolution.config,
        revision=stored.revision,
        version=stored.version,
        drifted=stored.drifted,
        problems=problems,
        in_force_at=time.monotonic(),
        confirm_by=_confirm_by() if stored.any_unconfirmed else None,
    )


def _confirm_by() -> float | None:
    left = [seconds for _number, seconds in deadlines.unconfirmed()]
    return time.monotonic() + min(left) if left else None
