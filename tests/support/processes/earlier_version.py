"""The version of the hub that was released before this one."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

from tests.support.processes.command_server import ROOT
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess

ARCHIVE = ROOT / "tests" / "data" / "earlier_version.tar.xz"
"""The code of the version that was released before this one. ``make earlier`` packs it."""


def unpack(folder: Path) -> Path:
    """Unpack the earlier version into ``folder``, and return ``folder``."""
    with tarfile.open(ARCHIVE) as content:
        # Python before 3.11.4 has no filters for archives, and ignores this attribute.
        content.extraction_filter = getattr(tarfile, "data_filter", None)
        content.extractall(folder)  # noqa: S202 - the archive is ours
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

    def claim(self) -> None:
        """Claim the hub in local mode."""
        options = ("--mode", "local", "--admin-email", OWNER, "--password-file", "-")
        self.manage("setup", *options, text=PASSWORD)
