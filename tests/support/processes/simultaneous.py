"""Let several processes of one hub do something at the same moment."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.started_process import Piped

READY = "ready"
PREPARE = f"""
import sys
print("{READY}", flush=True)
sys.stdin.readline()
"""


@dataclass
class Crew:
    """Processes that wait for a start signal."""

    members: Sequence[subprocess.Popen[str] | Piped]

    def go(self) -> list[str]:
        """Let all processes start at once, wait until they end and return the output of each."""
        for member in self.members:
            _pipe(member.stdin).write("\n")
            _pipe(member.stdin).flush()
        outputs = [member.communicate(timeout=120) for member in self.members]
        for member, (_, errors) in zip(self.members, outputs, strict=True):
            assert member.returncode == 0, errors
        return [output.strip() for output, _ in outputs]

    def tell(self, line: str) -> None:
        """Send a line to every process."""
        for member in self.members:
            _pipe(member.stdin).write(line + "\n")
            _pipe(member.stdin).flush()

    def hear(self) -> list[str]:
        """Return the next line of each process."""
        return [_pipe(member.stdout).readline().rstrip("\n") for member in self.members]


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def script(hub: HubProcess, code: str, **environment: str) -> str:
    """Run Python code in a process of its own with the hub set up; return its output."""
    return hub.manage("shell", "-v", "0", "-c", code, **environment).strip()


@contextlib.contextmanager
def crew(hubs: Sequence[HubProcess], code: str, *, prepare: str = "") -> Iterator[Crew]:
    """Start a process for each of ``hubs`` that runs ``prepare``, then waits, then runs ``code``."""
    members = [hub.converse("shell", "-v", "0", "-c", f"{prepare}\n{PREPARE}\n{code}") for hub in hubs]
    try:
        started = Crew(members)
        for member, line in zip(members, started.hear(), strict=True):
            assert line == READY, _pipe(member.stderr).read()
        yield started
    finally:
        for member in members:
            member.kill()
            with member:
                member.wait()
