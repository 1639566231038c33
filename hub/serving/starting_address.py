"""Choose the address at the start. If the hub cannot use an unconfirmed address, revert the change."""

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
    """Return the host and port on which to listen.

    If the hub cannot listen on the configured address, and an unconfirmed change has set this address, revert
    the change and try again. If there is no such change, raise ``ListenerUnavailable``.
    """
    # No one can confirm the change in a browser while the hub does not run. So there is no reason to wait.
    while True:
        config = get_config()
        try:
            probe(config.host, config.port)
        except ListenerUnavailable as error:
            if not _revert_unconfirmed(error):
                raise
        else:
            return config.host, config.port


def _revert_unconfirmed(error: ListenerUnavailable) -> bool:
    """Revert the newest unconfirmed change of the address. Return whether a change was reverted.

    If another process of the hub still runs, revert nothing.
    """
    number = next((waits.number for waits in confirmation.waiting() if waits.keys & ADDRESS), None)
    # Another process of this hub may listen on the new address, so the change may be right.
    if number is None or any(_runs(process) for process in receipts.running()):
        return False
    reason = f"revision {number} was not confirmed, and {error.message}"
    confirmation.revert(number, actor="auto-revert", reason=reason)
    logger.warning("%s; the revision is reverted", reason)
    return True


def _runs(process: Process) -> bool:
    """Return whether the process of a receipt still runs. Return ``False`` for the current process.

    A killed process leaves its receipt behind. A process on another machine counts as running.
    """
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
    """Return whether a process is a zombie: it has ended, but its parent has not read the exit status yet."""
    # In a container, process 1 may never collect ended processes, so they can stay in this state.
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False  # this is not Linux, or the process has just gone
    return state == "Z"
