"""Move the listener and replace the workers without a restart when the configuration changes.

The hub opens the new socket first. If this fails, nothing else changes. The old socket serves a little
longer, so that a browser can still load the page that leads to the new address. Then the hub retires the old
socket (``hub.serving.sockets``).

During a reload, gunicorn itself would close the old listeners first, and would exit if it could not open the
new ones. To prevent this, ``hub/gunicorn.py`` gives gunicorn the address on which the master already listens.
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
"""After a move, the hub still answers on its old address for this many seconds."""
# Old sockets must not be closed while the master forks. So this number is queued for gunicorn's main loop
# like a signal, and the loop then calls `release`.
RELEASE = signal.NSIG + 1
"""The number in the queue of signals that stands for ``release``. No real signal has this number."""


class Mover:
    """Moves the master's listener. The watcher's thread opens the socket. The main thread puts it to use."""

    def __init__(self, arbiter: Any, *, is_free: bool) -> None:
        """Create an object that can move the listener of the master ``arbiter``.

        If the listener is pinned or inherited, ``is_free`` must be false. Then the listener never moves.
        """
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
        """Return the address of the master's listener as a value for gunicorn's setting ``bind``.

        Return ``None`` if the listener cannot move.
        """
        return [listener(*self._place)] if self._place else None

    def begin(self, config: RuntimeConfig) -> None:
        """Record the address on which the master listens now. The master calls this once, at the start."""
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
        """Open a socket for the address in ``config``. Return whether the hub has to move to this address.

        If the socket cannot be opened, the hub keeps its old address. Then the log and the receipt of this
        process contain the reason.
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
        """Return the hub's open socket at address ``wanted``. Return ``None`` if there is no such socket."""
        # The same address may be written in another way, or the hub moved away from it only a moment ago.
        found = ((sockets.place(listening), listening) for listening in self._arbiter.LISTENERS)
        return next((listening for place, listening in found if place and _is_at(wanted, place)), None)

    def _own(self) -> set[int]:
        return {sockets.inode(listening) for listening in self._arbiter.LISTENERS} | self._retired

    def move(self) -> None:
        """Make the prepared socket the master's listener. Only the main thread may call this method.

        Workers that are forked later serve on this socket. If no socket is prepared, do nothing.
        """
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
        """Close all listening sockets except the current one. Only the main thread may call this method."""
        # Only the main thread forks, so no worker is forked during this.
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
    """Return whether ``wanted`` and ``place`` are the same address. ``wanted`` can contain a host name."""
    try:
        return wanted == place or address_of(*wanted) == place
    except OSError:
        return False


def follow_configuration(mover: Mover, arbiter: Any) -> None:
    """Register a hook. It reloads the master when the master's address or number of workers has to change."""
    master = os.getpid()

    @on_change("bind_address", "port", "server_workers")
    def follow(_old: RuntimeConfig, new: RuntimeConfig) -> None:
        if os.getpid() != master:  # a worker inherits this hook, but only the master acts
            return
        # Compare with the address that the master really uses. An earlier move may have failed.
        if mover.prepare(new) or lacks_workers(new, arbiter):
            os.kill(master, signal.SIGHUP)


def lacks_workers(config: RuntimeConfig, arbiter: Any) -> bool:
    """Return whether the number of workers differs from the number in ``config``.

    If the command line pins the number of workers, return ``False``.
    """
    return "server_workers" not in receipts.pins() and config.server_workers != arbiter.cfg.workers
