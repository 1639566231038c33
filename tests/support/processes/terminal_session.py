"""Run a management command on a real terminal and type into it."""

from __future__ import annotations

import contextlib
import os
import pty

from tests.support.processes.hub_process import HubProcess


def type_into(hub: HubProcess, *arguments: str, typed: str) -> tuple[int, str]:
    """Run a command on a new terminal and type ``typed``; return the exit status and the screen's text."""
    ours, theirs = pty.openpty()
    process = hub.start(hub.command(*arguments), (theirs, theirs, theirs))
    os.close(theirs)
    os.write(ours, typed.encode())
    screen = b""
    with contextlib.suppress(OSError):  # EIO: the command ended and closed the terminal
        while part := os.read(ours, 65536):
            screen += part
    os.close(ours)
    return process.wait(60), screen.decode()
