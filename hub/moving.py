"""The master follows the configuration: listeners move and workers are renewed, without a restart."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping

from config_app.api import on_change
from hub.listening import probe
from hub.runtime_config import RuntimeConfig

logger = logging.getLogger("hub")


def follow_configuration(pins: Mapping[str, str]) -> None:
    """Reload gunicorn gracefully whenever its listener or the number of its workers changes.

    ``pins`` are the settings that the command line overrides, by key; those are followed by nobody.
    Workers inherit the hook and leave the work to their master.
    """
    master = os.getpid()

    @on_change("bind_address", "port", "server_workers")
    def follow(old: RuntimeConfig, new: RuntimeConfig) -> None:
        if os.getpid() == master and _differs(old, new, pins):
            os.kill(master, signal.SIGHUP)


def _differs(old: RuntimeConfig, new: RuntimeConfig, pins: Mapping[str, str]) -> bool:
    """Tell whether there is something to do; raise ``ListenerUnavailable`` where it cannot be done.

    gunicorn closes its old listeners before it opens new ones, so the new address is tried first (R11).
    """
    moves = "port" not in pins and (old.host, old.port) != (new.host, new.port)
    if moves:
        probe(new.host, new.port)
        logger.info("moving the listener to %s, port %s", new.host, new.port)
    return moves or ("server_workers" not in pins and old.server_workers != new.server_workers)
