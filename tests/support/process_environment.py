"""The process environment of the tests. A pytest plugin, because settings are read before any conftest.

Temporary files are in memory if enough memory is free. Databases write to the disk at every commit, and the
disk of a shared machine is slow.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

OURS = ("HUB_", "WORKOS_", "SUPER_ADMIN_")

for name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[name]

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest and tempfile make folders of their own in it
ENOUGH = 3 * 1024**3
"""Bytes of memory that must be free. The tests of three processes need about a third of this."""

if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

DATA_DIR = Path(tempfile.mkdtemp(prefix="hub-tests-"))
DATA_DIR.chmod(0o700)
os.environ["HUB_DATA_DIR"] = str(DATA_DIR)
EMPTY = DATA_DIR / "empty.env"
EMPTY.touch()
os.environ["HUB_ENV_FILE"] = str(EMPTY)
