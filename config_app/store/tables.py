"""Reads and writes the rows, revisions and changes; callers import these functions from ``store``."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models.expressions import RawSQL

from config_app.database import alias, connection
from config_app.declaration.former_names import carry_over
from config_app.declaration.reserved import SALT_KEY, is_ciphertext
from config_app.errors import DatabaseUnavailable
from config_app.models import Change, ConfigState, Revision, SystemConfig, now
from config_app.project import get_schema
from config_app.store import state_row, statements
from config_app.store.failures import database_errors
from config_app.store.insertion import insert
from config_app.store.locks import bounded_transaction
from config_app.store.origin import Origin
from config_app.store.statements import STATE_ID

LENIENT = operator.methodcaller("decode", "utf-8", "replace")
"""Decodes bytes as UTF-8, with replacement characters for invalid bytes."""
# This is a methodcaller, because it is called for each column of each row. A Python function would be slow.


class Row(NamedTuple):
    """The stored value of one setting. The value of a secret is ciphertext."""

    # A tuple, because it is fast to create: every load creates a Row for each setting.
    value: str
    is_secret: bool

    def __repr__(self) -> str:
        """Return a text that does not contain the value."""
        # A person may have written a secret into the table without encrypting it.
        return f"Row(is_secret={self.is_secret})"


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """The stored rows and the state of the tables, read in one statement.

    - ``version``: a number that increases with every write.
    - ``revision``: the number of the newest revision.
    - ``recorded_version``: the version that the tables had after the newest revision.
    - ``any_refused``: whether the history has a refused change.
    - ``any_unconfirmed``: whether a revision waits to be confirmed.
    - ``former``: maps current keys to former keys, for the rows that still have a former key.
    - ``leftover``: maps former keys to current keys, for rows that have no effect. The setting of such
      a row also has a row under its current key, and uses that row.
    """

    rows: Mapping[str, Row]
    version: int = 0
    revision: int = 0
    recorded_version: int = 0
    any_refused: bool = False
    any_unconfirmed: bool = False
    former: Mapping[str, str] = dataclasses.field(default_factory=dict)
    leftover: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """Return whether raw SQL has changed the tables since the newest revision."""
        return self.version != self.recorded_version

    @property
    def salt(self) -> str | None:
        """Return the keyring's salt in hexadecimal, or ``None`` if there is none."""
        row = self.rows.get(SALT_KEY)
        return row.value if row else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change to record: the text of a row before (``old``) and after (``new``). ``None`` means no row."""

    # Normally, the texts of a secret are encrypted. But raw SQL can write a plain one, which `new` then has.

    key: str
    old: str | None = dataclasses.field(repr=False)
    new: str | None = dataclasses.field(repr=False)
    is_secret: bool = False
    refused: bool = False
    note: str = ""


ROW_FIELDS = ("config_key", "config_value", "is_secret", "updated_at")
REVISION_FIELDS = ("number", "actor", "channel", "address", "reason")
CHANGE_FIELDS = ("revision", "key", "old_value", "new_value", "is_secret", "refused", "note")


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Allow the block to read stored text that is not valid UTF-8.

    Raise ``DatabaseUnavailable`` if the block cannot read the database.
    """
    try:
        with database_errors(), _lenient_text():
            yield
    except (TypeError, ValueError, AttributeError) as error:  # Django could not convert a damaged column
        raise DatabaseUnavailable("its tables are damaged", "restore the database from a backup") from error


@contextlib.contextmanager
def _lenient_text() -> Iterator[None]:
    """In this block, SQLite returns replacement characters for invalid UTF-8 and raises no error."""
    # SQLite stores any bytes as text; the other databases check the encoding.
    if connection().vendor != "sqlite":
        yield
        return
    connection().ensure_connection()
    raw = connection().connection
    before, raw.text_factory = raw.text_factory, LENIENT
    try:
        yield
    finally:
        raw.text_factory = before


def read() -> Stored:
    """Return all rows and the state of the tables, read in one statement.

    Raise ``DatabaseUnavailable`` if the tables cannot be read.
    """
    with reading():
        rows, shared = _read_everything()
        if not rows:
            return _read_empty()
    version, revision, recorded, refused, unconfirmed = shared
    numbers = version or 0, revision or 0, recorded or 0
    rows, former, leftover = carry_over(get_schema().former, rows)
    return Stored(rows, *numbers, refused is not None, unconfirmed is not None, former, leftover)


def _read_everything() -> tuple[Mapping[str, Row], Sequence[Any]]:
    """Return a dict that maps each key to its row, and the five values that are the same in every row."""
    with connection().cursor() as cursor:
        if connection().vendor == "sqlite":
            cursor.execute(*statements.everything_packed(alias()))
            packed, *shared = cursor.fetchone()
            return _unpack(packed), shared
        cursor.execute(*statements.everything(alias()))
        found = cursor.fetchall()
        return _by_key(row[:3] for row in found), found[0][3:] if found else ()


@functools.lru_cache(maxsize=1)
def _unpack(packed: str) -> Mapping[str, Row]:
    """Return a dict that maps each key to its row, from the JSON of ``statements.everything_packed``."""
    # A save reads the rows twice before it changes them. Comparing the texts takes far less time.
    return _by_key(json.loads(packed))


def _by_key(found: Iterable[Sequence[Any]]) -> dict[str, Row]:
    return {
        key: Row(value, bool(is_secret))
        for key, value, is_secret in found
        if key is not None and value is not None  # NULL is possible if the table lost its constraints
    }


def _read_empty() -> Stored:
    version = ConfigState.objects.filter(pk=STATE_ID).values_list("version", flat=True).first() or 0
    last = Revision.objects.order_by("-number").values_list("number", "version").first()
    return Stored(
        {}, version, *(last or (0, version)), statements.refused().exists(), statements.unconfirmed().exists()
    )


def version() -> int:
    """Return the current version of the tables, with one small query."""
    with database_errors(), connection().cursor() as cursor:
        cursor.execute(statements.VERSION)
        found = cursor.fetchone()
    return int(found[0]) if found else 0


@contextlib.contextmanager
def writing() -> Iterator[Stored]:
    """Run the block in a transaction that holds the writers' lock. Yield the stored rows and state.

    Raise ``ConfigurationLocked`` or ``DatabaseUnavailable`` if another writer holds the lock for too long.
    """
    with database_errors(), bounded_transaction():
        # The first statement writes to the only row of config_state. So a second writer waits here, instead
        # of failing in the middle of its transaction.
        state_row.lock()
        yield read()


def record(stored: Stored, edits: Iterable[Edit], origin: Origin) -> Revision:
    """Write the rows, and record the changes as a revision. Return the revision.

    Call this only within ``writing``.
    """
    edits = list(edits)
    _write_rows(edits)
    return record_only(stored, edits, origin)


def _write_rows(edits: Iterable[Edit]) -> None:
    # A row whose text stays the same is written too: its key or its mark as a secret may change.
    changed = [edit for edit in edits if not edit.refused]
    updated_at = SystemConfig._meta.get_field("updated_at").get_db_prep_save(now(), connection())
    rows = [(edit.key, edit.new, edit.is_secret, updated_at) for edit in changed if edit.new is not None]
    insert(SystemConfig, ROW_FIELDS, rows, updated=ROW_FIELDS[1:])
    schema = get_schema()
    gone = [edit.key for edit in changed if edit.new is None]
    gone += [name for edit in changed for name in schema.names(edit.key)[1:]]
    if gone:
        SystemConfig.objects.filter(pk__in=gone).delete()


def record_only(stored: Stored, edits: Iterable[Edit], origin: Origin) -> Revision:
    """Record the changes as a revision, but write no row. Return the revision.

    Call this only within ``writing``.
    """
    state_row.bump()
    revision = _insert_revision(stored.revision + 1, origin)
    _insert_changes(revision.number, edits)
    return revision


def _insert_revision(number: int, origin: Origin) -> Revision:
    """Insert a revision, and return the revision.

    The returned object has only the fields that ``REVISION_FIELDS`` names. If code uses any other
    field, Django reads this field from the database.
    """
    values = (number, *(str(getattr(origin, name)) for name in REVISION_FIELDS[1:]))
    # Triggers increase the version too, so only the database knows it.
    insert(Revision, REVISION_FIELDS, [values], computed=(("version", statements.VERSION),))
    return Revision.from_db(alias(), REVISION_FIELDS, values)


def _insert_changes(number: int, edits: Iterable[Edit]) -> None:
    changes = [
        (
            number,
            edit.key,
            archived(edit.old, is_secret=edit.is_secret),
            archived(edit.new, is_secret=edit.is_secret),
            edit.is_secret,
            edit.refused,
            edit.note,
        )
        for edit in edits
    ]
    insert(Change, CHANGE_FIELDS, changes)


def archived(text: str | None, *, is_secret: bool) -> str | None:
    """Return ``text``, if the history is allowed to keep ``text``. Otherwise, return an empty text.

    The history never keeps a secret that is not encrypted.
    """
    return "" if is_secret and text and not is_ciphertext(text) else text


def _current_version() -> RawSQL:
    """Return an SQL expression. Its value is the version of the tables when the statement runs."""
    # Triggers increase the version too, so only the database knows it.
    return RawSQL(statements.VERSION, ())  # noqa: S611 - a constant of ours, without parameters


def acknowledge(stored: Stored) -> Stored:
    """Store the current version in the newest revision, so that ``drifted`` becomes false.

    Call this only within ``writing``, if raw SQL has written to the tables but has changed no value. Return
    ``stored`` with the new ``recorded_version``.
    """
    Revision.objects.filter(pk=stored.revision).update(version=stored.version)
    return dataclasses.replace(stored, recorded_version=stored.version)


def bump_version(stored: Stored) -> None:
    """Increase the version, so that every process reloads the configuration. No value changes.

    Call this only within ``writing``.
    """
    state_row.bump()
    if not stored.drifted:  # otherwise, the versions must stay different until the raw SQL is recorded
        Revision.objects.filter(pk=stored.revision).update(version=_current_version())
