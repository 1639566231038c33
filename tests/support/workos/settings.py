"""The hub's settings with WorkOS on this machine, for processes that a test starts."""

from __future__ import annotations

import os

from hub.settings import *  # noqa: F403

WORKOS_API_URL = os.environ["TEST_WORKOS_API_URL"]
