"""A full disk is named by the doctor, by the page that a person sees, and sparingly by the log."""

from __future__ import annotations

import json
import logging
import os
import subprocess

import pytest

from config_app.errors import DatabaseUnavailable
from config_app.propagation import receipts
from hub.responses import errors
from tests.support.processes.hub_process import HubProcess

SMALL = """
set -e
mount -t tmpfs -o size=4m,mode=700 none "$HUB_DATA_DIR"
"$@" bootstrap >/dev/null
cat /dev/zero > "$HUB_DATA_DIR/fill" 2>/dev/null || true
exec "$@" config doctor --json
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_the_doctor_names_a_full_disk(hub_process: HubProcess) -> None:
    hub = hub_process
    hub.data_dir.mkdir(mode=0o700)
    command = ["unshare", "--mount", "sh", "-c", SMALL, "sh", *hub.command()]
    done = subprocess.run(command, env=hub.environment, capture_output=True, text=True, check=False)
    facts = {fact["name"]: fact for fact in json.loads(done.stdout)["facts"]}
    (problem,) = facts["data_directory"]["problems"]
    assert (problem["code"], problem["severity"]) == ("disk_full", "error")
    assert f"the disk of {hub.data_dir} is full" in problem["message"]


def test_the_page_recommends_the_doctor() -> None:
    assert errors.COMMAND == "./manage.py config doctor"


def test_the_log_warns_sparingly(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts._own, "warned_at", -receipts.WARN_AGAIN)
    caplog.set_level(logging.INFO, "config_app")
    for _ in range(30):
        receipts.warn_of_unwritten(DatabaseUnavailable("the disk is full"))
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "the database cannot be written" in record.message
    assert "the disk is full" in record.message
