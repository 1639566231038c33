"""Receipts work even if a clock is one hour fast or slow (R9)."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time

import pytest
from django.db.models import F
from django.db.models.functions import Now

from config_app.models import Process
from config_app.propagation import receipts
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import times
from tests.support.waiting import wait_for

HOUR = dt.timedelta(hours=1)
SKEWED = """
import datetime, time_machine
there = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours={hours})
time_machine.travel(there, tick=True).start()
"""


def skew(hub: HubProcess, hours: int) -> None:
    """Let the clock of every process of a hub be ``hours`` hours fast; a negative number makes it slow."""
    folder = hub.folder / "skewed"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SKEWED.format(hours=hours))
    hub.environment["PYTHONPATH"] = str(folder)
    shown = subprocess.check_output(
        [sys.executable, "-c", "import time; print(time.time())"], env=hub.environment
    )
    assert abs(float(shown) - time.time() - 3600 * hours) < 60


def look(hub: HubProcess) -> str:
    """Return the line of `config show` that says how many processes use the last revision."""
    lines = hub.config("show").splitlines()
    return next((line for line in lines if "at revision" in line), "")


@pytest.mark.repeats
@pytest.mark.parametrize("hours", [-1, 1][: times(1, 2)])
def test_two_hubs_whose_clocks_differ_see_each_other(
    hub_process: HubProcess, postgresql_server: PostgreSQL, hours: int
) -> None:
    url = postgresql_server.new_database()
    right, wrong = (HubProcess(hub_process.folder / name, database_url=url) for name in ("right", "wrong"))
    right.bring_up()
    for hub in (right, wrong):
        hub.environment["HUB_ENCRYPTION_KEY"] = "k" * 32
    skew(wrong, hours)
    try:
        for hub in (right, wrong):  # the first one adds its key, which opens the keyring for the other one
            hub.serve(workers=1)
        wait_for(lambda: right.sql("SELECT count(*) FROM config_process") == [(4,)], "all four")
        last = wrong.config("set", "log_level", "warning", "--wait").splitlines()[-1]
        for found in (last, look(right), look(wrong)):
            assert found.startswith("4 of 4 processes at revision 2, slowest ")
            assert found.endswith(" ms")
    finally:
        for hub in (right, wrong):
            hub.stop()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_anew_makes_a_process_sign_at_once(
    install: None, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    receipts.sign()
    assert not receipts.is_due()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600 * hours)
    assert receipts.is_due()


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_the_dead_age_out_although_the_database_s_clock_was_set_anew(
    install: None, shift: dt.timedelta
) -> None:
    receipts.sign()
    Process.objects.update(pid=1, seen_at=F("seen_at") - shift)
    assert receipts.running() == []
    receipts.sign()
    assert list(Process.objects.values_list("pid", flat=True)) == [os.getpid()]


def test_times_are_those_of_the_database(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    receipts.sign()
    recent = {"gte": Now() - dt.timedelta(minutes=5), "lte": Now() + dt.timedelta(seconds=1)}
    wanted = {
        f"{name}__{how}": when for name in ("seen_at", "since", "started_at") for how, when in recent.items()
    }
    assert Process.objects.filter(**{k: v for k, v in wanted.items() if k != "started_at__gte"}).exists()
