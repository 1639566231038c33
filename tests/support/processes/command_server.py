"""Run commands in forked processes, which need not import Django and the hub, or the engine, again.

The imports take most of a short command's time; see ``forking``.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.support.processes.started_process import TIMEOUT, Piped, Started

ROOT = Path(__file__).resolve().parents[3]
FORKING = "tests.support.processes.forking"
HUB, ENGINE = "tests.support.processes.imported_hub", "tests.support.processes.imported_engine"
DJANGO = "tests.support.processes.imported_django"
"""What a server has imported: everything of the hub, everything that projects without the hub use, or what of
the latter reads no settings."""


class CommandServer:
    """A running server; it ends with the process that started it."""

    def __init__(self, imported: str = HUB) -> None:
        """Start the server."""
        self._control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            # UTF-8, as without a locale; a command's own variable would be too late for its interpreter
            command = [sys.executable, "-X", "utf8", "-m", FORKING, str(theirs.fileno()), imported]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def stop(self) -> None:
        """End the server."""
        self._control.close()
        self._process.wait(TIMEOUT)

    def start(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], streams: Sequence[int]
    ) -> Started:
        """Start a script, ``-m`` and a module, or ``-c`` and code; ``streams`` are its standard streams."""
        return Started(command, self._ask(command, folder, environment, streams))

    def start_piped(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Piped:
        """Start the same with standard streams that are pipes to this process."""
        (given, stdin), (stdout, out), (stderr, err) = os.pipe(), os.pipe(), os.pipe()
        answers = self._ask(command, folder, environment, (given, out, err))
        for end in (given, out, err):
            os.close(end)
        return Piped(command, answers, (stdin, stdout, stderr))

    def _ask(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Sequence[int]
    ) -> socket.socket:
        """Ask the server for a process; return a socket that receives its pid and its exit status."""
        request = {"argv": list(command), "folder": str(folder), "environment": dict(environment)}
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno(), *streams])
        return ours

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        text: str | None = None,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command until it ends; return its output and exit status, as ``subprocess.run`` does.

        If the command does not end in time, kill it and raise ``TimeoutError``.
        """
        with _given(text) as given, _empty() as out, _empty() as err:
            streams = [given.fileno(), out.fileno(), err.fileno()]
            started = self.start(command, folder=folder, environment=environment, streams=streams)
            with started.heard_of():
                status = started.wait(timeout or TIMEOUT)
            return subprocess.CompletedProcess(list(command), status, _said(out), _said(err))


_running: dict[str, CommandServer] = {}


def running(imported: str = HUB) -> CommandServer:
    """Return this process's server that has imported the hub or the engine."""
    if imported not in _running:
        _running[imported] = CommandServer(imported)
    return _running[imported]


def stop() -> None:
    """End the servers that were started."""
    while _running:
        _running.popitem()[1].stop()


def _given(text: str | None) -> IO[Any]:
    if text is None:
        return Path(os.devnull).open("rb")
    file = _empty()
    file.write(text.encode())
    file.seek(0)
    return file


def _empty() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _said(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
