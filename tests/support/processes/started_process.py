"""A process that the command server started for a test, with the methods of ``subprocess.Popen``."""

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
    """A process with given standard streams."""

    def __init__(self, command: Sequence[str], answers: socket.socket) -> None:
        """Receive pid and exit status from ``answers``; closing that socket kills the process."""
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
        """Return the process's pid, which changes when the process replaces itself by another program."""
        self.poll()
        return self._pid

    def poll(self) -> int | None:
        """Return the exit status, or ``None`` while the process runs."""
        with contextlib.suppress(BlockingIOError):
            while self.returncode is None:
                self._hear(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status; raise ``TimeoutError`` after ``timeout`` seconds."""
        while self.returncode is None:
            self._hear(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send the process a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self._pid, number)

    def terminate(self) -> None:
        """Send the process SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)

    def heard_of(self) -> contextlib.AbstractContextManager[object]:
        """Kill the process at the end of the block, unless it has ended."""
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
    """A process whose standard streams are pipes to this process, as with ``subprocess.Popen``."""

    def __init__(self, command: Sequence[str], answers: socket.socket, pipes: Sequence[int]) -> None:
        """Open this process's ends of the pipes."""
        given, out, err = pipes
        self.stdin, self.stdout, self.stderr = open(given, "w"), open(out), open(err)  # noqa: PTH123, SIM115
        super().__init__(command, answers)

    def __enter__(self) -> Piped:
        """Return the process itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the pipes and wait until the process ends."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.wait(TIMEOUT)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Close its input, wait for its end and return the rest of its output, which must fit into a pipe."""
        with self:
            self.stdin.close()
            self.wait(timeout)
            return self.stdout.read(), self.stderr.read()
