"""The process environment of the tests. A pytest plugin, because settings are read before any conftest."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

OURS = ("HUB_", "WORKOS_", "SUPER_ADMIN_")

for name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[name]

DATA_DIR = Path(tempfile.mkdtemp(prefix="hub-tests-"))
DATA_DIR.chmod(0o700)
os.environ["HUB_DATA_DIR"] = str(DATA_DIR)
EMPTY = DATA_DIR / "empty.env"
EMPTY.touch()
os.environ["HUB_ENV_FILE"] = str(EMPTY)
