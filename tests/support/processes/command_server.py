"""Runs management commands in processes of their own that need not each import Django and the hub anew.

Importing them takes most of a short command's time. This server has them imported and forks; each fork takes
environment, working directory and standard streams of its own and runs ``manage.py`` from its first line, as
``python manage.py`` does. What importing the hub read from the environment is forgotten before.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[3]
LONGEST_MESSAGE = 128 * 1024
TIMEOUT = 120
"""Seconds that a command may take."""
FAILED = "the command could not be run"


class Started:
    """A process that the server started for us, with what ``subprocess.Popen`` has for its own."""

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


class CommandServer:
    """A running server; it ends with the process that started it."""

    def __init__(self) -> None:
        """Start it."""
        self._control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            # UTF-8, as where no locale is set: a command's own comes too late for its interpreter
            command = [sys.executable, "-X", "utf8", "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def stop(self) -> None:
        """End it."""
        self._control.close()
        self._process.wait(TIMEOUT)

    def start(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], streams: Sequence[int]
    ) -> Started:
        """Start ``manage.py`` with arguments, with ``streams`` as its standard input, output and error."""
        request = {"argv": list(command), "folder": str(folder), "environment": dict(environment)}
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno(), *streams])
        return Started(command, ours)

    def run(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], text: str | None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with arguments to its end and return what it said; see ``subprocess.run``.

        Raises ``TimeoutError`` for a command that does not end; it is killed then.
        """
        with _given(text) as given, _empty() as out, _empty() as err:
            streams = [given.fileno(), out.fileno(), err.fileno()]
            started = self.start(command, folder=folder, environment=environment, streams=streams)
            with started._answers:
                status = started.wait(TIMEOUT)
            return subprocess.CompletedProcess(list(command), status, _said(out), _said(err))


@functools.cache
def running() -> CommandServer:
    """Return this process's server."""
    return CommandServer()


def stop() -> None:
    """End the server, where one was started."""
    if running.cache_info().currsize:
        running().stop()


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


def _serve(control: socket.socket) -> dict[str, Any]:
    """Fork for every request, until whoever sends them has ended; a fork returns what it is to run."""
    from tests.support.processes import imported_hub

    imported_hub.import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        request, files, _flags, _address = socket.recv_fds(control, LONGEST_MESSAGE, 4)
        if not request:
            sys.exit()
        if os.fork() == 0:
            control.close()
            imported_hub.forget_the_environment()
            return _become_command(json.loads(request), files)
        for file in files:
            os.close(file)


def _become_command(request: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Become what a command starts from, and fork once more; the parent stays and sees to the fork.

    A program that the command replaces itself by runs in another fork, which knows as little of the command.
    """
    asking, *streams = files
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asker, program = socket.socket(fileno=asking), request
    os.chdir(program["folder"])
    while True:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            asker.close()
            ours.close()
            _pass_on_programs(theirs)
            return program
        theirs.close()
        asker.send(f"pid {pid}".encode())
        with ours:
            program = _see_to(pid, asker, ours)


def _pass_on_programs(parent: socket.socket) -> None:
    """Let the parent fork for what this process would replace itself by, where that is Python again."""
    replace, ours = os.execve, os.getpid()

    def pass_on(path: str, argv: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
        if os.getpid() != ours or path != sys.executable:
            replace(path, argv, environment)
        program = {"argv": argv[1:], "folder": str(Path.cwd()), "environment": dict(environment)}
        parent.send(json.dumps(program).encode())
        os._exit(0)

    os.execv = os.execve = pass_on  # type: ignore[assignment]


def _see_to(pid: int, asker: socket.socket, command: socket.socket) -> dict[str, Any]:
    """Return what a command replaces itself by, or send its exit status; kill it if nobody asks any more."""
    ended = os.pidfd_open(pid)
    ready, _, _ = select.select([ended, asker, command], [], [])
    if command in ready and (program := command.recv(LONGEST_MESSAGE)):
        os.waitpid(pid, 0)
        os.close(ended)
        found: dict[str, Any] = json.loads(program)
        return found
    if asker in ready:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # nobody asks
        asker.send(f"ended {os.waitstatus_to_exitcode(status)}".encode())
    os._exit(0)


def _run(program: dict[str, Any]) -> None:
    """Run a script or, after ``-m``, a module, as an interpreter that has just started does."""
    os.chdir(program["folder"])
    os.environ.clear()
    os.environ.update(program["environment"])
    sys.argv = program["argv"]
    if sys.argv[0] != "-m":
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _run_to_its_end(program: dict[str, Any]) -> NoReturn:
    """Run a program and end as an interpreter does, but do not tear down what is shared with the server."""
    status: Any = 0
    try:
        _run(program)
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            sys.stderr.write(f"{status}\n")
            status = 1
    except BaseException:  # noqa: BLE001 - as an interpreter does
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    _run_to_its_end(_serve(socket.socket(fileno=int(sys.argv[1]))))
