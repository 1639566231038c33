"""The hub's settings with WorkOS on this machine; only a test's process is started with them."""

from __future__ import annotations

import os

from hub.settings import *  # noqa: F403

WORKOS_API_URL = os.environ["TEST_WORKOS_API_URL"]
