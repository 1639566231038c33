"""A hub that is told to stop during its start stops at once, even as process 1 of a container."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.process_tree import children
from tests.support.soak import IS_SOAK
from tests.support.waiting import wait_for

SOON = 8.0
"""Seconds. Docker kills a container ten seconds after it has told the container to stop."""
DELAYS = (0.0, 0.3, 0.8, 1.5, 2.5)
"""Seconds from the first handler to the signal."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
BOTH = list(itertools.product(DELAYS, SIGNALS))
SOME = list(zip(DELAYS[::2], itertools.cycle(SIGNALS), strict=False))
"""Moments from the beginning to the end of a start, and the signals in turn."""
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root may make a PID namespace"
)


def handles(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler for a signal, or lets the signal wait."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return any(int(status[mask], 16) >> (number - 1) & 1 for mask in ("SigCgt", "SigBlk"))


def start_as_process_1(hub: HubProcess, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a hub as process 1 of a PID namespace; return ``unshare`` and the hub's pid outside."""
    serve = hub.command("serve", "--bind", f"127.0.0.1:{hub.port}", "--workers", "1")
    command = ["unshare", "--pid", "--fork", "--kill-child", *serve]
    with log.open("wb") as output:
        outer = subprocess.Popen(command, env=hub.environment, stdout=output, stderr=output)
    pid = wait_for(lambda: next(children(outer.pid), None), "process 1")
    # Before, the process is a fork of ``unshare``, which holds signals too, but drops them.
    ours = serve[0].encode()
    wait_for(lambda: Path(f"/proc/{pid}/cmdline").read_bytes().startswith(ours), "the hub's own program")
    return outer, pid


@pytest.mark.repeats
@pytest.mark.parametrize(("delay", "number"), BOTH if IS_SOAK else SOME)
def test_no_signal_to_stop_gets_lost(
    hub_process: HubProcess, tmp_path: Path, number: signal.Signals, delay: float
) -> None:
    hub, log = hub_process, tmp_path / "log"
    outer, pid = start_as_process_1(hub, log)
    try:
        wait_for(lambda: handles(pid, signal.SIGTERM), "the first handler")
        assert not hub.data_dir.exists(), "the handler comes too late"
        time.sleep(delay)  # the moment is in the middle of the start, which is not visible from outside
        os.kill(pid, number)
        began = time.monotonic()
        assert outer.wait(SOON) == 0, log.read_text()
        assert time.monotonic() - began < SOON
        assert "Traceback" not in log.read_text()
    finally:
        outer.kill()
        outer.wait()
    hub.manage("bootstrap")  # nothing is left half done
    assert hub.sql("SELECT COUNT(*) FROM config_revision") == [(1,)]
    assert hub.sql("SELECT COUNT(*) FROM setup_token") == [(1,)]
