"""Where a start listens: an address that waits to be confirmed and cannot be opened is given up (W6, R11)."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

from config_app.change import confirmation
from config_app.models import Process
from config_app.propagation import receipts
from hub.runtime_config import get_config
from hub.serving.listen_address import ListenerUnavailable, probe

logger = logging.getLogger("hub")

ADDRESS = frozenset({"bind_address", "port"})


def starting_address() -> tuple[str, int]:
    """Return host and port to listen at; raise ``ListenerUnavailable`` where that is impossible.

    A hub that does not start can be confirmed by nobody, so a change of the address that waits for that is
    reverted at once, unless another process of the hub runs: that may be what listens there.
    """
    while True:
        config = get_config()
        try:
            probe(config.host, config.port)
        except ListenerUnavailable as error:
            if not _give_up(error):
                raise
        else:
            return config.host, config.port


def _give_up(error: ListenerUnavailable) -> bool:
    """Revert the newest change of the address that waits to be confirmed, where that is the way out."""
    number = next((waits.number for waits in confirmation.waiting() if waits.keys & ADDRESS), None)
    if number is None or any(_runs(process) for process in receipts.running()):
        return False
    reason = f"revision {number} was not confirmed, and {error.message}"
    confirmation.revert(number, actor="auto-revert", reason=reason)
    logger.warning("%s; it is reverted", reason)
    return True


def _runs(process: Process) -> bool:
    """Tell whether a process with a recent receipt is still there; what was killed left one behind."""
    if process.machine != socket.gethostname():
        return True
    if process.pid == os.getpid():
        return False
    try:
        os.kill(process.pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return not _is_zombie(process.pid)


def _is_zombie(pid: int) -> bool:
    """Tell whether a process has ended unnoticed, which lasts where the first process reaps none."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False  # no Linux, or it is gone this instant
    return state == "Z"
