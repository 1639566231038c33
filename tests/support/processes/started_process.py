"""A process that the command server started for a test, with what ``subprocess.Popen`` has for its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Sequence

LONGEST_MESSAGE = 128 * 1024
TIMEOUT = 120
"""Seconds that a command may take."""
FAILED = "the command could not be run"


class Started:
    """One whose standard streams were given."""

    def __init__(self, command: Sequence[str], answers: socket.socket) -> None:
        """Hear from the server what becomes of it; closing ``answers`` kills it."""
        self.args = list(command)
        self.returncode: int | None = None
        self._answers = answers
        self._pid = 0
        try:
            self._hear(TIMEOUT)
        except BaseException:
            answers.close()
            raise

    @property
    def pid(self) -> int:
        """Return its number, which is another one once it has replaced itself by another program."""
        self.poll()
        return self._pid

    def poll(self) -> int | None:
        """Return how it ended, ``None`` while it runs."""
        with contextlib.suppress(BlockingIOError):
            while self.returncode is None:
                self._hear(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once it has; raise ``TimeoutError`` if that takes longer."""
        while self.returncode is None:
            self._hear(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self._pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def heard_of(self) -> contextlib.AbstractContextManager[object]:
        """Kill it at the end of the block, unless it has ended."""
        return self._answers

    def _hear(self, timeout: float | None) -> None:
        self._answers.settimeout(timeout)
        said = self._answers.recv(LONGEST_MESSAGE)
        assert said, FAILED
        what, number = said.decode().split()
        if what == "pid":
            self._pid = int(number)
        else:
            self.returncode = int(number)
            self._answers.close()


class Piped(Started):
    """One whose standard streams are pipes to this process, as ``subprocess.Popen`` gives them."""

    def __init__(self, command: Sequence[str], answers: socket.socket, pipes: Sequence[int]) -> None:
        """Take our ends of the pipes."""
        given, out, err = pipes
        self.stdin, self.stdout, self.stderr = open(given, "w"), open(out), open(err)  # noqa: PTH123, SIM115
        super().__init__(command, answers)

    def __enter__(self) -> Piped:
        """Give it for a while."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the pipes, and wait for its end."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.wait(TIMEOUT)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Close its input, wait for its end and return what is left of its output, which must be short."""
        with self:
            self.stdin.close()
            self.wait(timeout)
            return self.stdout.read(), self.stderr.read()
