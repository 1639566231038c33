"""The hub's settings with short timeouts for confirming a change and for a locked database."""

from __future__ import annotations

from hub.settings import *  # noqa: F403
from hub.settings import CONFIG_APP, DATABASES

BUSY_TIMEOUT = 8
"""Seconds. A command on a busy machine takes less time than this, so that two waits differ from one."""
CONFIRM_SECONDS = 15
"""Within this time, a test looks at a change that reverts, which takes a second on an idle machine."""

CONFIG_APP = CONFIG_APP | {"CONFIRM_SECONDS": str(CONFIRM_SECONDS)}
_database = DATABASES["default"]
if "timeout" in _database["OPTIONS"]:  # SQLite's
    DATABASES = {"default": _database | {"OPTIONS": _database["OPTIONS"] | {"timeout": BUSY_TIMEOUT}}}
