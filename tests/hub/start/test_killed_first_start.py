"""If a first start is killed, the next start completes it as if nothing had happened."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.processes.hub_process import HubProcess
from tests.support.soak import times

KILLED_AT = """
import os, signal, sys
import django
django.setup()
from django.db.migrations.recorder import MigrationRecorder
from hub.bootstrap import bootstrap_application

def record_applied(self, app, name):
    if app == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return recorded(self, app, name)

recorded, MigrationRecorder.record_applied = MigrationRecorder.record_applied, record_applied
bootstrap_application()
"""


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("any_hub_process", "app"),
    [("sqlite", "hub"), ("postgresql", "sessions"), ("sqlite", "sessions"), ("postgresql", "hub")][
        : times(2, 4)
    ],
    indirect=["any_hub_process"],
)
def test_killed_before_a_migration_is_noted_it_starts_anew(
    any_hub_process: HubProcess, tmp_path: Path, app: str
) -> None:
    hub = any_hub_process
    script = tmp_path / "killed_at.py"
    script.write_text(KILLED_AT)
    killed = hub.run_script(str(script), app)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    hub.manage("bootstrap")
    assert hub.sql("SELECT COUNT(*) FROM config_revision") == [(1,)]
