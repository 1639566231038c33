"""A project that uses only what the documentation names, and its own tests (``tests/support/adopter``).

Its tests run in forks that have imported Django already, and in ``make soak`` in new interpreters.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.processes import command_server
from tests.support.processes.command_server import ROOT
from tests.support.processes.started_process import Started
from tests.support.soak import IS_SOAK
from tests.support.waiting import wait_for

ADOPTER = ROOT / "tests" / "support" / "adopter"
RUNNERS = {
    "pytest": ["-m", "pytest", "-q", "-rfE", "--tb=short", "-p", "no:hypothesispytest"],
    "django": ["-W", "error", "manage.py", "test", "--no-input"],
}
IN_FORK = """
import os, runpy, sys, warnings

os.setsid()
del sys.argv[0]
if sys.argv[0] == "-W":
    sys.warnoptions.append(sys.argv[1])
    warnings.simplefilter(sys.argv[1])
    del sys.argv[:2]
if sys.argv[0] == "-m":
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Does what an interpreter does with these arguments, in a session of its own."""
UNWANTED = re.compile(r"warning|is locked|accessed by other users|unraisable|never awaited", re.IGNORECASE)


class Adopter:
    """A copy of the project. With ``database_url``, its database is on a PostgreSQL server.

    With ``test_file``, the tests use a SQLite file of this name; by default, a database in memory.
    """

    def __init__(self, folder: Path, *, database_url: str = "", test_file: str = "") -> None:
        self.folder = folder
        self.keeps_databases = False
        shutil.copytree(ADOPTER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        self._variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": f"{folder}:{ROOT}",
            "SHOP_DATABASE_URL": database_url or f"sqlite:///{folder}/shop.db",
            "SHOP_TEST_NAME": test_file,
        }

    def run(self, runner: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run tests with ``pytest`` or with the runner of ``django``.

        Fail if a warning is issued, a process is left or the database of the developer is used.
        """
        self.keeps_databases |= "--reuse-db" in arguments
        return self._run([*RUNNERS[runner], *arguments])

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        """Run Python in a new session; wait until every process of the session has ended."""
        with tempfile.TemporaryFile("w+") as said:
            process = self._started(arguments, said.fileno())
            status = process.wait(600)
            wait_for(lambda: not _session_exists(process.pid), "every process of the tests to end")
            said.seek(0)
            output = said.read()
        assert not UNWANTED.search(output), output
        assert not (self.folder / "shop.db").exists(), "the tests used the database of the developer"
        return subprocess.CompletedProcess(arguments, status, output, "")

    def _started(self, arguments: list[str], output: int) -> Started | subprocess.Popen[bytes]:
        if not IS_SOAK:
            server = command_server.running(command_server.DJANGO)
            with Path(os.devnull).open("rb") as nothing:
                return server.start(
                    ["-c", IN_FORK, *arguments],
                    folder=self.folder,
                    environment=self._variables,
                    streams=[nothing.fileno(), output, output],
                )
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _session_exists(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def counts(output: str) -> dict[str, int]:
    """Return how many tests passed, failed and so on, from the last lines of pytest or of Django's runner."""
    found = {name: int(number) for number, name in re.findall(r"(\d+) (passed|skipped|failed|error)", output)}
    if ran := re.search(r"^Ran (\d+) tests? in", output, re.MULTILINE):
        found = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", output)}
        found["passed"] = int(ran[1]) - sum(found.values())
    return found
