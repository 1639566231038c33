"""The hub's settings with little time to confirm a change; only a test's process is started with them."""

from __future__ import annotations

from hub.settings import *  # noqa: F403
from hub.settings import CONFIG_APP

CONFIG_APP = CONFIG_APP | {"CONFIRM_SECONDS": "8"}
