"""Count the generations of workers, so that an old worker serves until a new worker accepts connections.

Each reload of the master starts a new generation, with a higher number. The numbers are in memory that the
master shares with its workers.
"""

from __future__ import annotations

import mmap
import struct

_NUMBER = struct.Struct("Q")
_shared = mmap.mmap(-1, 3 * _NUMBER.size)
_STARTED, _SERVING, _ENDED = 0, _NUMBER.size, 2 * _NUMBER.size


def _read(place: int) -> int:
    return int(_NUMBER.unpack_from(_shared, place)[0])


def begin() -> None:
    """Start the next generation. All workers that are forked from now on belong to this generation."""
    _NUMBER.pack_into(_shared, _STARTED, _read(_STARTED) + 1)


def current() -> int:
    """Return the number of the current generation. A worker that is forked now belongs to this generation."""
    return _read(_STARTED)


def serves(generation: int) -> None:
    """Record that at least one worker of ``generation`` accepts connections."""
    _NUMBER.pack_into(_shared, _SERVING, max(generation, _read(_SERVING)))


def end() -> None:
    """Record that the whole hub is stopping. From now on, no worker waits for a later generation."""
    _NUMBER.pack_into(_shared, _ENDED, 1)


def has_ended() -> bool:
    """Return whether the whole hub is stopping."""
    return bool(_read(_ENDED))


def is_awaited(generation: int) -> bool:
    """Return whether the workers of ``generation`` must wait for newer workers before they stop.

    The workers must wait if the newest generation is later than ``generation``, and no worker of the newest
    generation accepts connections yet. If the whole hub is stopping, return ``False``.
    """
    return not has_ended() and _read(_STARTED) > max(generation, _read(_SERVING))
