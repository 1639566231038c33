"""Runs management commands in processes of their own that need not each import Django and its libraries anew.

Importing them takes most of a short command's time. This server has them imported and forks; each fork takes
environment, working directory and standard streams of its own and runs ``manage.py`` from its first line, as
``python manage.py`` does. Of the hub nothing is imported beforehand, as its settings read the environment.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[3]
LONGEST_REQUEST = 128 * 1024
TIMEOUT = 120
"""Seconds that a command may take."""
FAILED = "the command could not be run"
IMPORTED = (
    "asgiref.sync",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "django.contrib.admin.utils",
    "django.core.management",
    "django.core.management.base",
    "django.db.backends.sqlite3.base",
    "django.db.models",
    "django.forms",
    "django.template.backends.django",
    "django.urls",
    "environ",
    "importlib.metadata",
)


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

    def run(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], text: str | None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with arguments to its end and return what it said; see ``subprocess.run``.

        Raises ``TimeoutError`` for a command that does not end; it is killed then.
        """
        request = {"argv": list(command), "folder": str(folder), "environment": dict(environment)}
        ours, theirs = socket.socketpair()
        with ours, theirs, _given(text) as given, _empty() as out, _empty() as err:
            files = [theirs.fileno(), given.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(self._control, [json.dumps(request).encode()], files)
            theirs.close()
            ours.settimeout(TIMEOUT)
            status = ours.recv(16)
            assert status, FAILED
            return subprocess.CompletedProcess(list(command), int(status), _said(out), _said(err))


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


def _serve(control: socket.socket) -> None:
    """Fork for every request, until whoever sends them has ended; a fork returns."""
    for name in IMPORTED:
        __import__(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        request, files, _flags, _address = socket.recv_fds(control, LONGEST_REQUEST, 4)
        if not request:
            sys.exit()
        if os.fork() == 0:
            control.close()
            return _answer(json.loads(request), files)
        for file in files:
            os.close(file)


def _answer(request: dict[str, Any], files: list[int]) -> None:
    """Become what a command starts from, and fork once more; the parent stays and sees to the fork."""
    asking, *streams = files
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.argv = request["argv"]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        _see_to(pid, asking)
    os.close(asking)


def _see_to(pid: int, asking: int) -> NoReturn:
    """Send a command's exit status once it has ended; kill it where nobody asks for that any more."""
    command = os.pidfd_open(pid)
    ready, _, _ = select.select([command, asking], [], [])
    if command not in ready:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    if command in ready:
        os.write(asking, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_path(sys.argv[0], run_name="__main__")
