"""If a first start is killed, the next start completes it as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.processes.hub_process import ROOT, HubProcess

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


@pytest.mark.parametrize("app", ["hub", "sessions"])
def test_killed_before_a_migration_is_noted_it_starts_anew(any_hub_process: HubProcess, app: str) -> None:
    hub = any_hub_process
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT, app],
        cwd=ROOT,
        env={**hub.environment, "DJANGO_SETTINGS_MODULE": "hub.settings"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    hub.manage("bootstrap")
    assert hub.sql("SELECT COUNT(*) FROM config_revision") == [(1,)]
