"""A running process of one kind, and how to ask it what it reads."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from tests.support.foreign_project import ForeignProject
from tests.support.waiting import wait_for

PATIENCE = 40.0
"""Seconds within which a process must answer for the first time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a process has read, and when, in seconds since the epoch."""

    pid: int
    value: int
    at: float

    @classmethod
    def of(cls, text: str) -> Reading:
        """Return what the project's ``reading()`` has returned."""
        pid, value, at = text.split()
        return cls(int(pid), int(value), float(at))


class Running:
    """A process of a foreign project; ``ask`` returns what it reads."""

    ask: Callable[[], Reading]

    def __init__(self, project: ForeignProject, name: str, port: int) -> None:
        self.project, self.port = project, port
        self.log = project.folder / f"{name}.log"
        self.broker = project.folder / f"{name}-broker"
        self.environment = project.environment | {"PYTHONUNBUFFERED": "1", "BROKER": str(self.broker)}
        self.process: subprocess.Popen[bytes]

    def start(self, command: list[str], variables: Mapping[str, str], terminal: int | None = None) -> None:
        """Start the process; it writes into the log, or into a terminal."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.project.folder,
                env=self.environment | dict(variables),
                stdin=terminal or subprocess.DEVNULL,
                stdout=terminal or log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def first(self) -> Reading:
        """Wait until the process answers, and return its answer."""
        return wait_for(self._try, "an answer", PATIENCE)

    def _try(self) -> Reading | None:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask()
        return None

    def pids(self, number: int) -> set[int]:
        """Wait until ``number`` different processes have answered, and return their pids."""
        found: set[int] = set()

        def have_all_answered() -> bool:
            found.add(self.ask().pid)
            return len(found) >= number

        wait_for(have_all_answered, f"{number} processes")
        return found

    def stop(self, seconds: float) -> int:
        """Ask the process to stop, and return its exit status; raise ``TimeoutExpired`` if it is too slow."""
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill the process and its children. If the test has failed, pytest shows the log."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        sys.stdout.write(self.log.read_text(errors="replace"))


@contextlib.contextmanager
def over_http(running: Running, path: str) -> Iterator[Callable[[], Reading]]:
    """Yield a function that sends a request on a new connection."""

    def ask() -> Reading:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)) as client:
            client.request("GET", path)
            answer = client.getresponse()
            text = answer.read().decode()
        assert answer.status == 200, (answer.status, text, running.log.read_text()[-2000:])
        return Reading.of(text)

    yield ask


@contextlib.contextmanager
def over_socket(running: Running, path: str) -> Iterator[Callable[[], Reading]]:
    """Yield a function that sends a message through one WebSocket, which stays open."""
    with contextlib.ExitStack() as stack:
        address = f"ws://127.0.0.1:{running.port}{path}"
        opened: list[ClientConnection] = []

        def ask() -> Reading:
            if not opened:
                opened.append(stack.enter_context(connect(address, close_timeout=1)))
            opened[0].send("?")
            return Reading.of(str(opened[0].recv(timeout=30)))

        yield ask


@contextlib.contextmanager
def by_task(running: Running, _: str) -> Iterator[Callable[[], Reading]]:
    """Yield a function that sends a task and waits until a worker has done it."""
    running.broker.mkdir()
    command, folder = [sys.executable, "-m", "shop.ask"], running.project.folder
    answers = (folder / f"answer-{running.port}-{number}" for number in itertools.count(1))
    # At the end of the block, Python closes the pipe and waits until the sender ends.
    with subprocess.Popen(
        command, cwd=folder, env=running.environment, stdin=subprocess.PIPE, text=True
    ) as sender:
        pipe = sender.stdin
        assert pipe is not None

        def ask() -> Reading:
            answer = next(answers)
            print(answer, file=pipe, flush=True)
            wait_for(answer.exists, "a task", PATIENCE)
            return Reading.of(answer.read_text())

        yield ask


class Terminal:
    """The terminal on which a person uses the shell."""

    PROMPT = ">>> "

    def __init__(self, log: Path) -> None:
        self.ours, self.theirs = pty.openpty()
        self._log, self._screen = log, ""

    def until_prompt(self) -> str:
        """Return what is shown before the next prompt."""
        wait_for(self._shows_prompt, "the prompt", PATIENCE)
        shown, _, self._screen = self._screen.partition(self.PROMPT)
        return shown

    def _shows_prompt(self) -> bool:
        if select.select([self.ours], [], [], 0)[0]:
            self._screen += os.read(self.ours, 65536).decode(errors="replace")
            self._log.write_text(self._screen)
        return self.PROMPT in self._screen

    def type(self, line: str) -> str:
        """Type a line, and return what is shown before the next prompt."""
        os.write(self.ours, line.encode() + b"\n")
        return self.until_prompt()

    def ask(self) -> Reading:
        """Let the shell print what it reads."""
        shown = self.type("print('<', reading(), '>')")
        found = re.search(r"< ([\d. ]+) >", shown)
        assert found, shown
        return Reading.of(found[1])
