"""Commands of the tests are run by the tests' own server as by a shell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import command_server
from tests.support.processes.command_server import CommandServer
from tests.support.waiting import wait_for

SCRIPT = """
import os, sys, pathlib
print(os.getcwd(), sorted(os.environ), sys.argv[1:], sys.stdin.read(), sys.flags.utf8_mode)
print("ünd", file=sys.stderr)
sys.exit(3)
"""
# It sleeps for longer than the test waits: it has to be killed.
SLEEPER = """
import os, pathlib, time
pathlib.Path("pid").write_text(str(os.getpid()))
time.sleep(60)
"""


@pytest.fixture
def server() -> Iterator[CommandServer]:
    """Give a server of the test's own."""
    running = CommandServer()
    yield running
    running.stop()


def run(
    server: CommandServer, folder: Path, script: str, *arguments: str, text: str | None = None
) -> tuple[int, str, str]:
    (folder / "script.py").write_text(script)
    command = [str(folder / "script.py"), *arguments]
    done = server.run(command, folder=folder, environment={"HUB_X": "1"}, text=text)
    return done.returncode, done.stdout, done.stderr


def test_a_command_has_all_of_its_own(server: CommandServer, tmp_path: Path) -> None:
    status, out, err = run(server, tmp_path, SCRIPT, "a", "b c", text="given")
    assert (status, err) == (3, "ünd\n")
    assert out == f"{tmp_path} ['HUB_X'] ['a', 'b c'] given 1\n"


def test_a_command_that_was_killed_says_by_what(server: CommandServer, tmp_path: Path) -> None:
    assert run(server, tmp_path, "import os; os.kill(os.getpid(), 9)")[0] == -9


def test_a_command_that_does_not_end_is_killed(
    server: CommandServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_server, "TIMEOUT", 2)
    with pytest.raises(TimeoutError):
        run(server, tmp_path, SLEEPER)
    pid = (tmp_path / "pid").read_text()
    wait_for(lambda: not Path("/proc", pid).exists(), "the command to be killed")


def test_a_command_that_cannot_be_run_is_none_that_was_refused(server: CommandServer, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=command_server.FAILED):
        server.run(["manage.py"], folder=tmp_path / "gone", environment={}, text=None)


def test_a_server_ends_with_who_started_it(server: CommandServer) -> None:
    with contextlib.closing(server._control):
        pass
    assert server._process.wait(10) == 0
