"""The version of the hub that landed before this one, unpacked from this repository's history."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.support.missing_parts import missing
from tests.support.processes.command_server import ROOT
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess

COMMIT = "358cedc"
"""The last commit of the earlier version. Each release sets this to the commit of the release before it."""
PARTS = ("manage.py", "config_app", "setup_wizard", "hub", "templates", "static")


def unpack(folder: Path) -> Path:
    """Unpack the earlier version into ``folder``, and return ``folder``. Skip the test without a history."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", COMMIT, *PARTS], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        missing(f"commit {COMMIT} in this clone", "git, and run git fetch --unshallow")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
        content.extractall(folder, filter="data")
    return folder


class EarlierHub(HubProcess):
    """A hub that runs the earlier version."""

    def __init__(self, folder: Path, code: Path, *, database_url: str) -> None:
        """Create a hub in an empty folder, with the code in the folder ``code``."""
        super().__init__(folder, database_url=database_url)
        self.code = code
        self.is_forked = False  # a fork would have this version's modules

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a management command."""
        return [sys.executable, str(self.code / "manage.py"), *arguments]

    def bring_up(self) -> None:
        """Start the hub for the first time."""
        self.manage("bootstrap")

    def claim(self) -> None:
        """Claim the hub in local mode."""
        self.bring_up()
        options = ("--mode", "local", "--admin-email", OWNER, "--password-file", "-")
        self.manage("setup", *options, text=PASSWORD)
