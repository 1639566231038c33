"""Run commands and servers in new processes, and measure their time and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.contestant import ROOT
from bench.sample import Sample
from tests.support.waiting import wait_for

MANAGE = [sys.executable, "manage.py"]
DJANGO = [sys.executable, "-m", "django"]
KIBIBYTES_PER_MEBIBYTE = 1024


def environment(folder: Path, settings: str | None = None) -> dict[str, str]:
    """Return environment variables with which a hub, or another project, keeps its files in ``folder``."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HUB_DATA_DIR": str(folder / "data"),
        "HUB_ENV_FILE": os.devnull,
        "BENCH_FOLDER": str(folder),
        **({"DJANGO_SETTINGS_MODULE": settings} if settings else {}),
    }


def run(command: list[str], variables: Mapping[str, str]) -> str:
    """Run a command and return its standard output. Raise ``RuntimeError`` if the command fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])}: {done.stderr}")
    return done.stdout


@contextmanager
def serve(
    port: int,
    variables: Mapping[str, str],
    application: str = "bench.project.asgi:application",
    worker: str = "bench.project.worker.PlainWorker",
    *options: str,
) -> Iterator[int]:
    """Serve an application with gunicorn and one worker; yield the pid of gunicorn's master."""
    listener = [
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--log-level",
        "error",
        "--no-control-socket",
    ]
    command = [sys.executable, "-m", "gunicorn", *listener, "--worker-class", worker, *options, application]
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL) as master:
        try:
            wait_for(lambda: answers(port), "the project to answer")
            yield master.pid
        finally:
            master.terminate()


def answers(port: int) -> bool:
    """Return whether a process listens at ``port``."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def take_turns(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Sample]:
    """Run the actions in turns. Return a dict that maps each action's name to its times in seconds."""
    # The first round only warms up and does not count.
    values: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name in actions if number % 2 else reversed(list(actions)):
            start = time.perf_counter()
            actions[name]()
            values[name].append(time.perf_counter() - start)
    return {name: Sample(found[1:]) for name, found in values.items()}


def memory(pid: int) -> float:
    """Return the resident memory of a process in MiB, including the memory shared with other processes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / KIBIBYTES_PER_MEBIBYTE
    raise ProcessLookupError(pid)


def children(pid: int) -> list[int]:
    """Return the pids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
