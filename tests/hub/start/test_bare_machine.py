"""The first start on a machine that lacks what most machines have."""

from __future__ import annotations

from tests.support.processes.hub_process import HubProcess


def test_the_system_needs_no_time_zone_files(hub_process: HubProcess) -> None:
    # Without a search path, Python finds no time zone files of the system, as on Debian without tzdata.
    assert "unconfigured" in hub_process.manage("bootstrap", PYTHONTZPATH="")
