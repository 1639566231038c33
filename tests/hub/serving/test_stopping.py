"""A hub that is told to stop is gone soon, whatever it is about to do."""

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
    time.sleep(after)  # a moment of the reload, which nothing from outside can wait for
    began = time.monotonic()
    hub.server.send_signal(signal.SIGTERM)
    assert hub.server.wait(20) == 0
    assert time.monotonic() - began < LONGEST_SUCCESSION
