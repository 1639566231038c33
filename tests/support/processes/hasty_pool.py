"""The hub's settings with a pool that soon closes a connection, and in which requests wait patiently."""

from __future__ import annotations

from hub.postgresql import pool
from hub.settings import *  # noqa: F403
from tests.support.processes import hasty_limits

pool.WAIT, pool.IDLE = hasty_limits.PATIENCE, hasty_limits.IDLE
