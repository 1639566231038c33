"""A hub that gets a signal to stop ends soon, even during a reload."""

from __future__ import annotations

import signal
import time

import pytest

from hub.serving.uvicorn_server import LONGEST_SUCCESSION
from tests.support.processes.hub_process import HubProcess


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05])
def test_stopped_in_the_middle_of_a_reload_it_waits_for_no_new_worker(
    started_hub: HubProcess, after: float
) -> None:
    hub = started_hub
    hub.serve(workers=1)
    assert hub.server is not None
    hub.server.send_signal(signal.SIGHUP)
    time.sleep(after)  # the moment is in the middle of the reload, which is not visible from outside
    began = time.monotonic()
    hub.server.send_signal(signal.SIGTERM)
    assert hub.server.wait(20) == 0
    assert time.monotonic() - began < LONGEST_SUCCESSION
