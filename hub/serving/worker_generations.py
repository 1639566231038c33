"""Which generation of workers serves: one that a reload replaces goes on until the next one is there.

The numbers are in memory that the master shares with its workers, and only ever grow.
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
    """Let the workers that the master forks from now on be the next generation."""
    _NUMBER.pack_into(_shared, _STARTED, _read(_STARTED) + 1)


def current() -> int:
    """Return the generation that is forked now."""
    return _read(_STARTED)


def serves(generation: int) -> None:
    """Note that a worker of ``generation`` accepts connections."""
    _NUMBER.pack_into(_shared, _SERVING, max(generation, _read(_SERVING)))


def end() -> None:
    """Let nobody wait any more, because no later generation will serve."""
    _NUMBER.pack_into(_shared, _ENDED, 1)


def is_awaited(generation: int) -> bool:
    """Tell whether a later generation was forked, and none of it accepts connections yet."""
    return not _read(_ENDED) and _read(_STARTED) > max(generation, _read(_SERVING))
