"""Remember what recent requests have shown about the network, and log it from time to time.

An example is a proxy whose forwarded headers the hub ignores. A file in the instance directory holds the
notes, so that other processes, such as the doctor, can report them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from config_app.encryption.private_files import LARGEST, read_regular, replace
from config_app.live import runtime
from config_app.problems import Problem

logger = logging.getLogger("hub")

# Long enough to go from a refused page to the doctor. Short enough that a note soon ends after the cause was
# fixed outside the hub, where the hub cannot see the fix. The log has the older lines.
KEEP = 600.0
"""A note is reported for this many seconds after the last request that showed it."""
REPEAT = 60.0
"""For the same note and revision, a process updates the file at most once in this many seconds."""
LOG_AGAIN = 3600.0
"""A note is logged again after this many seconds, or earlier if there is a new revision."""
MOST = 20
"""The file contains at most this many notes of one kind.

Of each kind, a process also adds at most this many in ``REPEAT`` seconds.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """What requests have shown. ``subject`` is an IP address or a host name.

    ``seen`` is the time of the last request, in seconds since 1970. ``logged`` is the time of the last line
    in the log, and ``revision`` is the revision at that time.
    """

    kind: str
    subject: str
    seen: float
    logged: float
    revision: int

    @property
    def last_seen(self) -> str:
        """Return when the last request came, such as ``last seen at 10:42 UTC``."""
        moment = dt.datetime.fromtimestamp(self.seen, dt.UTC)
        return f"last seen at {moment:%H:%M} UTC"


_noted: dict[tuple[str, str, int], float] = {}
"""Maps kind, subject and revision to the time of this process's last update of the file."""


def note(kind: str, subject: str, problem: Callable[[], Problem] | None = None) -> None:
    """Remember that a request has shown this. If it is time for a line in the log, log ``problem``."""
    snapshot = runtime.loaded()
    revision = snapshot.revision if snapshot else 0
    if not _is_due((kind, subject, revision)):
        return
    known = {(found.kind, found.subject): found for found in _read()}
    now = time.time()
    new = _renewed(known.get((kind, subject)), Note(kind, subject, now, now, revision))
    if problem is not None and new.logged == now:
        logger.warning("%s", problem())
    with contextlib.suppress(OSError):  # the log has a line already
        replace(_path(), _as_json([*{**known, (kind, subject): new}.values()]))


def _is_due(key: tuple[str, str, int]) -> bool:
    """Return whether this process should update the file now."""
    now = time.monotonic()
    for old, moment in [*_noted.items()]:
        if now - moment >= REPEAT:
            _noted.pop(old, None)  # another thread may have removed it
    # Strangers choose the host names in their requests, and could make the hub write the file all the time.
    if key in _noted or sum(kind == key[0] for kind, *_ in [*_noted]) >= MOST:
        return False
    _noted[key] = now
    return True


def _renewed(old: Note | None, new: Note) -> Note:
    """Return ``new``. If it is too early for another line in the log, keep the time of the last line."""
    if old is None or old.revision != new.revision or new.seen - old.logged >= LOG_AGAIN:
        return new
    return dataclasses.replace(new, logged=old.logged)


def recent(*kinds: str) -> list[Note]:
    """Return the notes of these kinds from the last ``KEEP`` seconds, the newest last."""
    return sorted((found for found in _read() if found.kind in kinds), key=lambda found: found.seen)


def _read() -> list[Note]:
    """Return the notes in the file. Leave out old notes. If the file is damaged, return an empty list."""
    try:
        found = [_parse(entry) for entry in json.loads(read_regular(_path(), LARGEST))]
    except (OSError, ValueError, TypeError):
        return []
    now = time.time()
    return [each for each in found if abs(now - each.seen) < KEEP]


def _parse(entry: Any) -> Note:
    kind, subject, seen, logged, revision = entry
    return Note(str(kind), str(subject), float(seen), float(logged), int(revision))


def _as_json(notes: Iterable[Note]) -> bytes:
    by_kind: dict[str, list[Note]] = {}
    for each in sorted(notes, key=lambda found: found.seen):
        by_kind.setdefault(each.kind, []).append(each)
    newest = [dataclasses.astuple(each) for found in by_kind.values() for each in found[-MOST:]]
    return json.dumps(newest).encode() + b"\n"


def _path() -> Path:
    return Path(settings.INSTANCE.data_dir) / "request-notes.json"
