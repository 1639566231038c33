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
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from tests.support.processes.started_process import LONGEST_MESSAGE


def _serve(control: socket.socket, imported: Any) -> dict[str, Any]:
    """Fork for each request until the client ends; return, in the fork, the program that it has to run.

    ``imported`` is the module that imports everything.
    """
    imported.import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel removes ended forks
    while True:
        request, files, _flags, _address = socket.recv_fds(control, LONGEST_MESSAGE, 4)
        if not request:
            sys.exit()
        if os.fork() == 0:
            control.close()
            imported.forget_the_environment()
            return _become_command(json.loads(request), files)
        for file in files:
            os.close(file)


def _become_command(request: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Set up folder and streams of a command, and fork once more; the parent watches the fork.

    If the command replaces itself by another program, that program runs in another fork of the same parent.
    """
    asking, *streams = files
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    _open_streams()
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


def _see_to(pid: int, asker: socket.socket, command: socket.socket) -> dict[str, Any]:
    """Return the program that a command replaces itself by; otherwise send its exit status and exit."""
    ended = os.pidfd_open(pid)
    sources: list[Any] = [ended, asker, command]
    ready, _, _ = select.select(sources, [], [])
    if command in ready and (program := command.recv(LONGEST_MESSAGE)):
        os.waitpid(pid, 0)
        os.close(ended)
        found: dict[str, Any] = json.loads(program)
        return found
    if asker in ready:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # the client has closed the connection
        asker.send(f"ended {os.waitstatus_to_exitcode(status)}".encode())
    os._exit(0)


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
