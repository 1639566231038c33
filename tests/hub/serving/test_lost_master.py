"""A served hub after its master was killed or has restarted itself."""

from __future__ import annotations

import contextlib
import os
import signal

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.waiting import wait_for


def is_free(hub: HubProcess) -> bool:
    """Return whether no program answers at the hub's address."""
    try:
        hub.get("/health/live")
    except OSError:
        return True
    return False


def test_workers_of_a_master_that_was_killed_leave_the_port_to_the_next(started_hub: HubProcess) -> None:
    started_hub.serve()
    left = wait_for_workers(started_hub, 2)
    started_hub.stop(signal.SIGKILL)
    try:
        wait_for(lambda: is_free(started_hub), "the workers to stop")
    finally:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    started_hub.serve()
    started_hub.stop()


def test_a_master_starts_itself_anew_on_a_signal(started_hub: HubProcess) -> None:
    started_hub.serve(workers=1)
    assert started_hub.server is not None
    old = started_hub.server.pid
    started_hub.server.send_signal(signal.SIGUSR2)

    def new() -> list[int]:
        masters = started_hub.sql("SELECT pid FROM config_process WHERE role = 'master'")
        return [pid for (pid,) in masters if pid != old]

    (successor,) = wait_for(new, "a second master")
    started_hub.stop()
    try:
        assert started_hub.get("/health/live").status == 200
    finally:
        os.kill(successor, signal.SIGTERM)
        wait_for(lambda: is_free(started_hub), "the successor to stop")
