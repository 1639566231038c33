"""The wizard refuses a configuration in another database: a claim must be one transaction (S4)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes.hub_process import ROOT

SETTINGS = """
from tests.support.shop.settings import *

DATABASES["config"] = DATABASES["default"]
"""


@pytest.mark.parametrize(("option", "status"), [("", 0), ('CONFIG_APP["DATABASE"] = "config"', 1)])
def test_the_configuration_must_be_in_the_default_database(tmp_path: Path, option: str, status: int) -> None:
    (tmp_path / "own_settings.py").write_text(SETTINGS + option)
    environment = {
        "PATH": os.environ["PATH"],
        "SHOP_FOLDER": str(tmp_path),
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DJANGO_SETTINGS_MODULE": "own_settings",
    }
    command = [sys.executable, "-m", "django", "check"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == status, done.stderr
    assert ("setup_wizard.E001" in done.stderr) == bool(status)
