"""A hub with a long history is rotated, backed up and restored in little memory, and shows its progress."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.processes.hub_process import HubProcess
from tests.support.soak import one_of, times

CHANGES = times(4000, 1_000_000)
SECRETS = CHANGES // 20
MOST = 160
"""The most MiB that a command may need. A command that does nothing needs about 70."""
OFTEN = 0.02
"""Seconds between two looks at the memory of a command."""
PLAIN = """
INSERT INTO config_change (revision_id, "key", old_value, new_value, is_secret, refused, note)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
SELECT 1, 'port', '8001', '8002', FALSE, FALSE, '' FROM numbers
"""
SCRIPT = "tests/support/processes/rotated_secrets.py"


class Measured(NamedTuple):
    """What a command needed, and what its terminal showed."""

    seconds: float
    mebibytes: int
    screen: str


def measure(hub: HubProcess, *arguments: str) -> Measured:
    """Run a command, which must succeed, in a process of its own with a terminal as standard error."""
    ours, theirs = pty.openpty()
    began, command = time.monotonic(), hub.command(*arguments)
    process = subprocess.Popen(
        command, cwd=hub.folder, env=hub.environment, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    screen, peak = b"", 0
    with contextlib.suppress(OSError):  # the command has ended and closed the terminal
        while True:
            peak = max(peak, peak_memory(process.pid))
            if select.select([ours], [], [], OFTEN)[0]:
                screen = (screen + os.read(ours, 65536))[-100_000:]
    os.close(ours)
    assert process.wait() == 0, screen.decode(errors="replace")
    return Measured(time.monotonic() - began, peak // 1024, screen.decode(errors="replace"))


def peak_memory(pid: int) -> int:
    """Return the most KiB that a process has used so far; 0 if it has ended."""
    # The peak that wait4() returns also counts the memory of the process that started this one.
    found = re.search(r"VmHWM:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def fill(hub: HubProcess) -> None:
    hub.sql(PLAIN.format(count=CHANGES - SECRETS))
    filled = hub.run_script(SCRIPT, "fill", str(SECRETS))
    assert filled.returncode == 0, filled.stderr
    hub.config("set", "port", "9001")


@one_of("any_hub_process", "postgresql", "sqlite")
def test_a_long_history_needs_little_memory_and_progress_is_shown(
    any_hub_process: HubProcess, tmp_path: Path
) -> None:
    hub, file = any_hub_process, str(tmp_path / "hub.backup")
    hub.bring_up()
    fill(hub)
    before = hub.config("show", "--json")
    commands = {
        "rotation": ("config", "rotate-key", "--yes"),
        "backup": ("backup", file),
        "restore": ("restore", file, "--yes"),
    }
    for name, command in commands.items():
        found = measure(hub, *command)
        print(f"{name} of {CHANGES:,} changes: {found.seconds:.1f} s, {found.mebibytes} MiB")  # noqa: T201
        assert 30 < found.mebibytes < MOST, name
        # A short history is done before the terminal draws a second time.
        assert len(set(re.findall(r"([0-9]+)/[0-9]+", found.screen))) >= times(1, 3), name
    after = hub.config("show", "--json")
    assert settings_of(after) == settings_of(before)
    assert hub.config("get", "workos_api_key", "--reveal") == "sk_test_last"


def settings_of(shown: str) -> object:
    return json.loads(shown)["settings"]
