"""Stop the server when it is told to stop during its start, even as process 1 of a container.

The kernel drops a signal for process 1 that has no handler. Without a handler, ``docker stop`` would wait for
ten seconds and then kill the hub. gunicorn sets its handlers only seconds after the start.

``manage.py`` imports this module before anything else, so nothing here imports Django.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT)
# A shell lets a program in the background ignore SIGINT. gunicorn sets a handler all the same.
_UNUSED = (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler)
"""What ``signal.getsignal`` returns in a process that has not set a handler."""


def hold() -> None:
    """Let the signals wait. Call this before ``exec``, which removes all handlers but keeps the signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


def exit_when_told() -> None:
    """From now on, exit with status 0 after a signal to stop. If one waits already, exit at once.

    A process that has handlers of its own keeps them.
    """
    # On SIGHUP, gunicorn reads its settings again, and already has the handlers that stop the hub in order.
    for number in STOPS:
        if signal.getsignal(number) in _UNUSED:
            signal.signal(number, _exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _exit(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"stopped during the start\n")
    # Python sometimes ignores an exception, for example in a callback of an import. It is safe to end without
    # any cleaning up: the next start completes a start that was killed (R1).
    os._exit(0)
