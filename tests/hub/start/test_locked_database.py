"""If another process locks the database, the hub waits once and then prints one line (R7, S1)."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.hub.start.test_broken_databases import diagnosis
from tests.support.processes.hasty_settings import BUSY_TIMEOUT
from tests.support.processes.hub_process import HubProcess

LOCK = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA locking_mode=EXCLUSIVE")
file.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def locked(hub: HubProcess) -> Iterator[None]:
    """Lock the database from another process; in this process, reading the file would release the lock."""
    command = [sys.executable, "-c", LOCK, str(hub.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield
        holder.kill()


def test_a_locked_database_is_waited_for_once_and_then_one_line_and_never_the_wizard(
    started_hub: HubProcess,
) -> None:
    hub = started_hub
    hub.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_settings"
    hub.serve(workers=1)
    assert "Claim this hub" in hub.get("/setup/").text
    with locked(hub), ThreadPoolExecutor() as pool:
        page = pool.submit(httpx2.get, f"{hub.url}/setup/", timeout=2 * BUSY_TIMEOUT, trust_env=False)
        began = time.monotonic()
        line = diagnosis(hub, "config", "show")
        assert BUSY_TIMEOUT <= time.monotonic() - began < 1.9 * BUSY_TIMEOUT
        assert page.result().status_code == 503
    assert (
        "database is locked; wait until the process that holds the lock is done, or end that process" in line
    )
    assert "Claim this hub" not in page.result().text
    assert "What to do" in page.result().text
    assert hub.config("get", "port") == "8884"
    hub.stop()
