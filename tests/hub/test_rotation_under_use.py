"""While the data key is rotated and the rotation is killed, every secret stays readable everywhere (K4)."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import command_server
from tests.support.processes.command_server import ROOT
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.started_process import Piped
from tests.support.soak import times

SCRIPT = "tests/support/processes/rotated_secrets.py"


def done(hub: HubProcess, *arguments: str) -> Any:
    """Run the script and return what it printed."""
    found = hub.run_script(SCRIPT, *arguments)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout) if found.stdout else None


def using(hub: HubProcess, until: Path) -> Piped:
    """Start a process that reads and writes until the file exists."""
    variables = hub.environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"}
    server = command_server.running()
    return server.start_piped([str(ROOT / SCRIPT), "use", str(until)], folder=ROOT, environment=variables)


def rotate_and_kill(hub: HubProcess, after: float) -> None:
    rotation = hub.converse("config", "rotate-key", "--yes")
    with rotation:
        try:
            rotation.wait(after)
        except TimeoutError:
            rotation.kill()


@pytest.mark.repeats
@pytest.mark.parametrize("any_hub_process", ["postgresql", "sqlite"][: times(1, 2)], indirect=True)
def test_a_rotation_that_is_killed_again_and_again_loses_no_secret(
    any_hub_process: HubProcess, tmp_path: Path
) -> None:
    hub, until = any_hub_process, tmp_path / "enough"
    hub.bring_up()
    done(hub, "fill", str(times(1000, 10_000)))
    users = [using(hub, until) for _ in range(2)]
    for _ in range(times(3, 30)):
        rotate_and_kill(hub, random.uniform(0.1, times(2, 4)))  # noqa: S311 - a random moment
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
