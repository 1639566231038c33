"""The only reader and writer of the configuration tables."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from config_app.declaration.reserved import CIPHERTEXT_START, SALT_KEY
from config_app.errors import DatabaseUnavailable
from config_app.models import Change, ConfigState, Revision, SystemConfig
from config_app.store import statements
from config_app.store.failures import database_errors
from config_app.store.locks import bounded_transaction
from config_app.store.statements import STATE_ID
from config_app.store.upsert import upsert

LENIENT = operator.methodcaller("decode", "utf-8", "replace")
"""From the bytes of a text to the text, without a Python function for every column of every row."""
CODE = "code"
"""The channel of a change that a program makes by itself, through ``config_app.api``."""


class Row(NamedTuple):
    """One stored value; a tuple, because every load makes one for each setting."""

    value: str
    is_secret: bool

    def __repr__(self) -> str:
        """Leave out the value, which somebody may have written in plain where a secret belongs."""
        return f"Row(is_secret={self.is_secret})"


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """The table as one statement saw it. ``recorded_version`` is that of the last revision.

    ``any_refused`` tells whether history has a refused change at all, ``any_unconfirmed`` whether some
    revision waits to be confirmed.
    """

    rows: Mapping[str, Row]
    version: int = 0
    revision: int = 0
    recorded_version: int = 0
    any_refused: bool = False
    any_unconfirmed: bool = False

    @property
    def drifted(self) -> bool:
        """Tell whether somebody wrote past the store since the last revision."""
        return self.version != self.recorded_version

    @property
    def salt(self) -> str | None:
        """Return the keyring's salt, where there is one."""
        row = self.rows.get(SALT_KEY)
        return row.value if row else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change that is about to be recorded; ``None`` means no row, and ``new`` may be a secret in plain."""

    key: str
    old: str | None = dataclasses.field(repr=False)
    new: str | None = dataclasses.field(repr=False)
    is_secret: bool = False
    refused: bool = False
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who changes the configuration, through which channel and why."""

    actor: str = ""
    channel: str = CODE
    reason: str = ""
    address: str = ""


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Read whatever somebody wrote, text that is not UTF-8 included, or say in one line that it cannot be."""
    try:
        with database_errors(), _lenient_text():
            yield
    except (TypeError, ValueError, AttributeError) as error:  # from converters, of a column full of rubbish
        raise DatabaseUnavailable("its tables are damaged", "restore it from a backup") from error


@contextlib.contextmanager
def _lenient_text() -> Iterator[None]:
    """Let SQLite, which stores any bytes as text, give replacement characters instead of an error."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    raw = connection.connection
    raw.text_factory = LENIENT
    try:
        yield
    finally:
        raw.text_factory = str


def read() -> Stored:
    """Return every row with the version and the revision it belongs to, in one statement."""
    with _reading():
        found, shared = _read_everything()
        if not found:
            return _read_empty()
    rows = {
        key: Row(value, bool(is_secret))
        for key, value, is_secret in found
        if key is not None and value is not None  # where somebody rebuilt the table without its constraints
    }
    version, revision, recorded, refused, unconfirmed = shared
    numbers = version or 0, revision or 0, recorded or 0
    return Stored(rows, *numbers, refused is not None, unconfirmed is not None)


def _read_everything() -> tuple[Sequence[Sequence[Any]], Sequence[Any]]:
    """Return key, value and whether it is a secret of every row, and what all of them share."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(*statements.everything_packed(connection.alias))
            packed, *shared = cursor.fetchone()
            return json.loads(packed), shared
        cursor.execute(*statements.everything(connection.alias))
        found = cursor.fetchall()
        return [row[:3] for row in found], found[0][3:] if found else ()


def _read_empty() -> Stored:
    version = ConfigState.objects.filter(pk=STATE_ID).values_list("version", flat=True).first() or 0
    last = Revision.objects.order_by("-number").values_list("number", "version").first()
    return Stored(
        {}, version, *(last or (0, version)), statements.refused().exists(), statements.unconfirmed().exists()
    )


def version() -> int:
    """Return the version that the tables have at this moment; every request of a signed-in person asks."""
    with database_errors(), connection.cursor() as cursor:
        cursor.execute(statements.VERSION)
        found = cursor.fetchone()
    return int(found[0]) if found else 0


@contextlib.contextmanager
def writing() -> Iterator[Stored]:
    """Hold the writers' lock for a transaction and yield the table as it is under the lock.

    The first statement is a write to the one state row, so that two writers queue and neither fails
    half-way. Who waits too long for another is refused with ``DatabaseUnavailable``.
    """
    with database_errors(), bounded_transaction():
        if not _write_state(statements.LOCK):
            ConfigState.objects.create(pk=STATE_ID)
        yield read()


def record(stored: Stored, edits: Iterable[Edit], origin: Origin) -> Revision:
    """Write the rows and the revision that says so; only within ``writing``."""
    edits = list(edits)
    _write_rows(edits)
    return record_only(stored, edits, origin)


def _write_rows(edits: Iterable[Edit]) -> None:
    changed = [d for d in edits if d.old != d.new]
    rows = [
        SystemConfig(config_key=d.key, config_value=d.new, is_secret=d.is_secret)
        for d in changed
        if d.new is not None
    ]
    upsert(rows, unique=["config_key"], updated=["config_value", "is_secret", "updated_at"])
    if gone := [d.key for d in changed if d.new is None]:
        SystemConfig.objects.filter(pk__in=gone).delete()


def record_only(stored: Stored, edits: Iterable[Edit], origin: Origin) -> Revision:
    """Record changes whose rows are written already; only within ``writing``."""
    _write_state(statements.BUMP)
    revision = Revision.objects.create(
        number=stored.revision + 1,
        version=_current_version(),
        **dataclasses.asdict(origin),
    )
    Change.objects.bulk_create(
        Change(
            revision=revision,
            key=d.key,
            old_value=archived(d.old, is_secret=d.is_secret),
            new_value=archived(d.new, is_secret=d.is_secret),
            is_secret=d.is_secret,
            refused=d.refused,
            note=d.note,
        )
        for d in edits
    )
    return revision


def archived(text: str | None, *, is_secret: bool) -> str | None:
    """Return what history keeps of a row: never a secret that somebody wrote there in plain text."""
    return "" if is_secret and text and not text.startswith(CIPHERTEXT_START) else text


def _write_state(statement: str) -> int:
    """Return how many rows of the state there were to write: one, or none."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


def _current_version() -> RawSQL:
    """Return the version for the database to fill in: its triggers count too."""
    return RawSQL(statements.VERSION, ())  # noqa: S611 - a constant of ours, without parameters


def acknowledge(stored: Stored) -> Stored:
    """Take a write past the store that changed no value as seen; only within ``writing``."""
    Revision.objects.filter(pk=stored.revision).update(version=stored.version)
    return dataclasses.replace(stored, recorded_version=stored.version)


def bump_version(stored: Stored) -> None:
    """Make every process load again although no value changed; only within ``writing``."""
    _write_state(statements.BUMP)
    if not stored.drifted:  # or what somebody wrote past the store would never be recorded
        Revision.objects.filter(pk=stored.revision).update(version=_current_version())


def latest_texts() -> dict[str, str | None]:
    """Return the row text that history expects for every key it knows."""
    return dict(Change.objects.newest().values_list("key", "new_value"))


def accepted_texts(key: str) -> Iterator[str | None]:
    """Yield the texts that were in force for ``key``, the newest first."""
    accepted = Change.objects.filter(key=key, refused=False).order_by("-pk")
    with _reading():
        texts = list(accepted.values_list("new_value", flat=True)[:20])
    yield from texts


def unsettled() -> list[Change]:
    """Return the refused changes that no later change of the same key has settled."""
    with _reading(), connection.cursor() as cursor:
        cursor.execute(*statements.unsettled(connection.alias))
        return [Change.from_db(connection.alias, statements.CHANGE_FIELDS, row) for row in cursor.fetchall()]


def last_changes() -> dict[str, Change]:
    """Return the newest change of every key, with its revision."""
    with _reading():
        return {c.key: c for c in Change.objects.newest().select_related("revision")}


def history(*, key: str | None = None, before: int | None = None, limit: int = 20) -> list[Revision]:
    """Return revisions with their changes, the newest first."""
    wanted: QuerySet[Revision] = Revision.objects.order_by("-number").prefetch_related("changes")
    wanted = wanted.select_related("confirmation")
    if key is not None:
        wanted = wanted.filter(Q(pk__in=Change.objects.filter(key=key).values("revision")))
    if before is not None:
        wanted = wanted.filter(number__lt=before)
    with _reading():
        return list(wanted[:limit])
