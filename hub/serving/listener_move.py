"""The master follows the configuration: listeners move and workers are renewed, without a restart.

The new socket listens before anything else happens, so that an address which cannot be had changes nothing
(R11). Gunicorn's own way, closing the old listeners first and ending where the new ones cannot be opened,
is never taken: ``hub/gunicorn.py`` always tells it the address at which the master listens already. The old
socket serves a little longer, for browsers that were sent a page of it, and then retires
(``hub.serving.sockets``).
"""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import threading
from typing import Any

from config_app.api import on_change
from config_app.declaration.setting import TakesEffect
from config_app.live import effects
from config_app.propagation import receipts
from hub.runtime_config import RuntimeConfig
from hub.serving import sockets
from hub.serving.listen_address import ListenerUnavailable, address_of, listener

logger = logging.getLogger("hub")

OVERLAP = 3.0
"""Seconds for which the hub still answers at an address that it has left."""
RELEASE = signal.NSIG + 1
"""What gunicorn's main loop takes for a signal, whose work nobody else may do while it forks."""


class Mover:
    """Moves the listener of a master; the watcher's thread prepares, the main thread carries out."""

    def __init__(self, arbiter: Any, *, is_free: bool) -> None:
        """Take over ``arbiter``'s listener, where that ``is_free`` to move: neither pinned nor inherited."""
        self._arbiter, self._is_free = arbiter, is_free
        self._place: tuple[str, int] | None = None
        self._prepared: tuple[RuntimeConfig, Any] | None = None
        self._retired: set[int] = set()
        self._release_soon: threading.Timer | None = None
        self._changing = threading.Lock()
        arbiter.SIG_NAMES = arbiter.SIG_NAMES | {RELEASE: "release"}
        arbiter.handle_release = self.release

    @property
    def bind(self) -> list[str] | None:
        """Return where the master listens, as gunicorn takes it; ``None`` where it decides that itself."""
        return [listener(*self._place)] if self._place else None

    def begin(self, config: RuntimeConfig) -> None:
        """Note where the master listens from the start."""
        found = sockets.place(self._arbiter.LISTENERS[0]) if self._arbiter.LISTENERS else None
        if not self._is_free or found is None:
            return
        wanted = (config.host, config.port)
        self._note(config, wanted if _is_at(wanted, found) else found)

    def _note(self, config: RuntimeConfig, place: tuple[str, int]) -> None:
        self._place = place
        self._arbiter.cfg.set("bind", self.bind)
        reached = dataclasses.replace(config, host=place[0], port=place[1])
        effects.acted_on(reached, TakesEffect.LISTENERS)

    def prepare(self, config: RuntimeConfig) -> bool:
        """Open the listener that ``config`` wants and tell whether it is to be moved there.

        Where it cannot be had, the hub stays where it is, and the receipt of this process says why.
        """
        if self._place is None:
            return False
        with self._changing:
            try:
                self._prepare(config, (config.host, config.port))
            except ListenerUnavailable as error:
                logger.error("%s", error)
                effects.note_obstacle(str(error))
            else:
                effects.note_obstacle("")
            return self._prepared is not None

    def _prepare(self, config: RuntimeConfig, wanted: tuple[str, int]) -> None:
        if self._prepared and wanted == (self._prepared[0].host, self._prepared[0].port):
            return
        self._discard()
        if wanted != self._place:
            found = self._open_at(wanted) or sockets.open_listener(*wanted, self._arbiter, self._own())
            self._prepared = (config, found)

    def _discard(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared and prepared[1] not in self._arbiter.LISTENERS:
            prepared[1].close()

    def _open_at(self, wanted: tuple[str, int]) -> Any:
        """Return the socket that is at that address already: spelled otherwise, or left a moment ago."""
        found = ((sockets.place(listening), listening) for listening in self._arbiter.LISTENERS)
        return next((listening for place, listening in found if place and _is_at(wanted, place)), None)

    def _own(self) -> set[int]:
        return {sockets.inode(listening) for listening in self._arbiter.LISTENERS} | self._retired

    def move(self) -> None:
        """Let workers that are forked from now on serve at the prepared address; for the main thread."""
        with self._changing:
            prepared, self._prepared = self._prepared, None
            if prepared is None:
                return
            config, found = prepared
            left = self._arbiter.LISTENERS[:1]
            self._release([found, *left])
            self._note(config, (config.host, config.port))
            logger.info("the listener moved to %s", listener(*self._place or ("", 0)))
        if sockets.can_retire():
            self._release_later()
        else:
            self.release()

    def _release_later(self) -> None:
        if self._release_soon:
            self._release_soon.cancel()
        self._release_soon = threading.Timer(OVERLAP, self._arbiter.SIG_QUEUE.put_nowait, [RELEASE])
        self._release_soon.daemon = True
        self._release_soon.start()

    def release(self) -> None:
        """Leave every address but the current one; for the main thread, which must not fork meanwhile."""
        with self._changing:
            self._release(self._arbiter.LISTENERS[:1])

    def _release(self, kept: list[Any]) -> None:
        left = [listening for listening in self._arbiter.LISTENERS if listening not in kept]
        self._arbiter.LISTENERS = list(dict.fromkeys(kept))
        for listening in left:
            self._retired.add(sockets.inode(listening))
            sockets.retire(listening)
            listening.close()


def _is_at(wanted: tuple[str, int], place: tuple[str, int]) -> bool:
    """Tell whether a bind address, which may be a name, stands for ``place``."""
    try:
        return wanted == place or address_of(*wanted) == place
    except OSError:
        return False


def follow_configuration(mover: Mover, arbiter: Any) -> None:
    """Reload gunicorn gracefully whenever its listener or the number of its workers is to change.

    What counts is where the master listens and how many workers it keeps, not what was configured before.
    Workers inherit the hook and leave the work to their master.
    """
    master = os.getpid()

    @on_change("bind_address", "port", "server_workers")
    def follow(_old: RuntimeConfig, new: RuntimeConfig) -> None:
        if os.getpid() != master:
            return
        if mover.prepare(new) or lacks_workers(new, arbiter):
            os.kill(master, signal.SIGHUP)


def lacks_workers(config: RuntimeConfig, arbiter: Any) -> bool:
    """Tell whether the master keeps another number of workers than ``config`` wants."""
    return "server_workers" not in receipts.pins() and config.server_workers != arbiter.cfg.workers
