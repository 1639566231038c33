"""The command server's process. It has imported the hub, the engine or Django, and forks for each command.

Each fork has its own environment, working directory and standard streams. It first forgets what was read from
the environment when everything was imported, and then runs a script, a module or code as ``python`` does.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tests.support.processes.started_process import LONGEST_MESSAGE


class _Command:
    """A client's command. A program that it replaces itself by runs in another fork with the same streams."""

    def __init__(self, files: Sequence[int]) -> None:
        """Take the client's socket and the standard streams."""
        asking, *self._streams = files
        self._asker = socket.socket(fileno=asking)
        self.sources: list[Any] = []

    def is_fork(self, program: dict[str, Any]) -> bool:
        """Fork to run the program, and tell the client the pid; return true in the fork.

        If the program's folder does not exist, close everything instead: the client then notices it.
        """
        self.sources = []
        if not Path(program["folder"]).is_dir():
            _close(self._asker, *self._streams)
            return False
        self._programs, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            for number, stream in enumerate(self._streams):
                os.dup2(stream, number)
            _close(*self._streams, self._asker, self._programs)
            _open_streams()
            _pass_on_programs(theirs)
            return True
        theirs.close()
        self._ended = os.pidfd_open(self._pid)
        self.sources = [self._ended, self._asker, self._programs]
        self._tell(f"pid {self._pid}")
        return False

    def program_that_follows(self, ready: Sequence[Any]) -> dict[str, Any] | None:
        """Return the program that the command replaces itself by, if there is one.

        If the command has ended, tell the client how, and have no sources any more. If the client has gone,
        kill the command first.
        """
        if self._programs in ready:
            if program := self._programs.recv(LONGEST_MESSAGE):
                os.waitpid(self._pid, 0)
                _close(self._ended, self._programs)
                found: dict[str, Any] = json.loads(program)
                return found
            self.sources.remove(self._programs)  # the command has ended, or runs what is not Python
        if self._asker in ready:
            self.kill()
        if self._asker in ready or self._ended in ready:
            _pid, status = os.waitpid(self._pid, 0)
            self._tell(f"ended {os.waitstatus_to_exitcode(status)}")
            self.close()
        return None

    def kill(self) -> None:
        """Kill the command."""
        os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """Close what this process has of the command."""
        _close(self._ended, self._asker, self._programs, *self._streams)
        self.sources = []

    def _tell(self, message: str) -> None:
        with contextlib.suppress(OSError):  # the client has closed the connection
            self._asker.send(message.encode())


def _serve(control: socket.socket, imported: Any) -> dict[str, Any]:
    """Fork for each request until the client ends; return, in the fork, the program that it has to run.

    ``imported`` is the module that imports everything.
    """
    imported.import_everything()
    commands: list[_Command] = []
    while True:
        sources = [source for command in commands for source in command.sources]
        ready, _, _ = select.select([control, *sources], [], [])
        if changed := [command for command in commands if not set(ready).isdisjoint(command.sources)]:
            command = changed[0]
            program = command.program_that_follows(ready)
        else:
            request, files, _flags, _address = socket.recv_fds(control, LONGEST_MESSAGE, 4)
            if not request:
                for command in commands:
                    command.kill()
                sys.exit()
            command, program = _Command(files), json.loads(request)
            commands.append(command)
        if program and command.is_fork(program):
            control.close()
            for other in commands:
                if other is not command:
                    other.close()
            imported.forget_the_environment()
            return program
        commands = [command for command in commands if command.sources]


def _close(*opened: socket.socket | int) -> None:
    for each in opened:
        os.close(each.detach() if isinstance(each, socket.socket) else each)


def _open_streams() -> None:
    """Open the standard streams again: the objects that exist were made for the server's streams."""
    line_by_line = 1 if os.isatty(1) else -1
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", line_by_line, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115


def _pass_on_programs(parent: socket.socket) -> None:
    """Replace ``os.execve``: to start Python again, this process sends the program to its parent and ends."""
    replace, ours = os.execve, os.getpid()

    def pass_on(path: str, argv: list[str], environment: Mapping[str, str] = os.environ) -> None:
        if os.getpid() != ours or path != sys.executable:
            replace(path, argv, environment)
        program = {"argv": argv[1:], "folder": str(Path.cwd()), "environment": dict(environment)}
        parent.send(json.dumps(program).encode())
        os._exit(0)

    os.execv = os.execve = pass_on  # type: ignore[assignment]


def _run(program: dict[str, Any]) -> None:
    """Run a script, a module after ``-m``, or code after ``-c``, as a newly started interpreter does."""
    os.chdir(program["folder"])
    os.environ.clear()
    os.environ.update(program["environment"])
    if added := os.environ.get("PYTHONPATH"):
        sys.path[:0] = added.split(os.pathsep)
    sys.argv = program["argv"]
    if sys.argv[0] == "-c":
        _run_code(sys.argv.pop(1))
    elif sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def _run_code(code: str) -> None:
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), vars(main))  # noqa: S102 - as python -c does


def _run_to_its_end(program: dict[str, Any]) -> NoReturn:
    """Run a program and exit as an interpreter does, but do not clean up what the server still needs."""
    status: Any = 0
    try:
        _run(program)
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            sys.stderr.write(f"{status}\n")
            status = 1
    except BaseException:  # noqa: BLE001 - as an interpreter does
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    _run_to_its_end(_serve(socket.socket(fileno=int(sys.argv[1])), importlib.import_module(sys.argv[2])))
