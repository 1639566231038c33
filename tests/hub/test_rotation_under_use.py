"""While the data key is rotated and the rotation is killed, every secret stays readable everywhere (K4)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.command_server import ROOT
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import times

SCRIPT = "tests/support/processes/rotated_secrets.py"


def done(hub: HubProcess, *arguments: str) -> Any:
    """Run the script and return what it printed."""
    found = hub.run_script(SCRIPT, *arguments)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout) if found.stdout else None


def using(hub: HubProcess, until: Path) -> subprocess.Popen[str]:
    """Start a process that reads and writes until the file exists."""
    variables = hub.environment | {"DJANGO_SETTINGS_MODULE": "hub.settings", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / SCRIPT), "use", str(until)]
    return subprocess.Popen(command, cwd=ROOT, env=variables, text=True, stdout=subprocess.PIPE)


def rotate_and_kill(hub: HubProcess, after: float) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "config", "rotate-key", "--yes"]
    rotation = subprocess.Popen(command, cwd=hub.folder, env=hub.environment, stdout=subprocess.DEVNULL)
    try:
        rotation.wait(after)
    except subprocess.TimeoutExpired:
        rotation.kill()
    rotation.wait(60)


@pytest.mark.repeats
def test_a_rotation_that_is_killed_again_and_again_loses_no_secret(
    any_hub_process: HubProcess, tmp_path: Path
) -> None:
    hub, until = any_hub_process, tmp_path / "enough"
    hub.bring_up()
    done(hub, "fill", str(times(1000, 10_000)))
    users = [using(hub, until) for _ in range(2)]
    for _ in range(times(3, 30)):
        rotate_and_kill(hub, random.uniform(0.5, 4.0))  # noqa: S311 - a random moment
        total, unreadable, problems = done(hub, "check")
        assert (unreadable, problems) == (0, [])
        assert total > 2 * times(1000, 10_000)
    hub.config("rotate-key", "--yes")
    until.touch()
    for user in users:
        rounds, wrong = json.loads(user.communicate(timeout=60)[0])
        assert (rounds > 0, wrong) == (True, [])
    assert done(hub, "check")[1:] == [0, []]
    former = hub.sql("SELECT key_id FROM config_data_key ORDER BY number DESC")[1:]
    texts = hub.sql("SELECT new_value FROM config_change WHERE new_value LIKE 'v2:%'")
    assert not {key_id for (key_id,) in former} & {text.split(":")[1] for (text,) in texts}
