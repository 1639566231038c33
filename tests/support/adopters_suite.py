"""A project that uses only what the documentation names, and its own tests (``tests/support/adopter``)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.processes.command_server import ROOT
from tests.support.waiting import wait_for

ADOPTER = ROOT / "tests" / "support" / "adopter"
RUNNERS = {
    "pytest": ["-m", "pytest", "-q", "-rfE", "--tb=short"],
    "django": ["-W", "error", "manage.py", "test", "--no-input"],
}
UNWANTED = re.compile(r"warning|is locked|accessed by other users|unraisable|never awaited", re.IGNORECASE)


class Adopter:
    """A copy of the project. With ``database_url``, its database is on a PostgreSQL server.

    With ``test_file``, the tests use a SQLite file of this name; by default, a database in memory.
    """

    def __init__(self, folder: Path, *, database_url: str = "", test_file: str = "") -> None:
        self.folder = folder
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
        return self._run([*RUNNERS[runner], *arguments])

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        """Run Python in a new session; wait until every process of the session has ended."""
        command = [sys.executable, *arguments]
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            output, _ = process.communicate(timeout=600)
        wait_for(lambda: not _session_exists(process.pid), "every process of the tests to end")
        assert not UNWANTED.search(output), output
        assert not (self.folder / "shop.db").exists(), "the tests used the database of the developer"
        return subprocess.CompletedProcess(command, process.returncode, output, "")


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
