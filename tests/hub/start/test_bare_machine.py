"""The first start on a machine that lacks what most machines have."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.support.processes.hub_process import ROOT, HubProcess

READ_ONLY = """
set -e
mount --make-rprivate /
for folder in / /tmp /var/tmp; do
    mount --bind "$folder" "$folder"
    mount -o remount,ro,bind "$folder"
done
mount -t tmpfs none "$HUB_FOLDER"
mkdir -m 700 "$HUB_DATA_DIR"
cd /
"""
"""Make everything read-only except the data directory, in a mount namespace of its own."""


def test_the_system_needs_no_time_zone_files(hub_process: HubProcess) -> None:
    # Without a search path, Python finds no time zone files of the system, as on Debian without tzdata.
    assert "unconfigured" in hub_process.manage("bootstrap", PYTHONTZPATH="")


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root may make a mount namespace"
)
def test_the_system_needs_no_folder_for_temporary_files(hub_process: HubProcess) -> None:
    hub = hub_process
    program = 'touch /tmp/x 2>/dev/null && echo "/tmp is writable" && exit 1; exec "$@"'
    variables = hub.environment | {"HUB_FOLDER": str(hub.folder), "PYTHONDONTWRITEBYTECODE": "1"}
    del variables["HUB_ENV_FILE"]
    command = ["unshare", "--mount", "sh", "-c", READ_ONLY + program, "sh", *hub.command("bootstrap")]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unconfigured" in done.stdout
