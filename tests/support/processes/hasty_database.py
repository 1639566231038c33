"""The hub's settings with short limits for queries, and for noticing that PostgreSQL does not answer."""

from __future__ import annotations

from contextvars import ContextVar

from config_app.live import freshness
from config_app.propagation import postgresql
from config_app.store import locks
from hub.postgresql import limits, pool
from hub.settings import *  # noqa: F403
from tests.support.processes import hasty_limits

limits.OF_WORKERS = limits.Limits(hasty_limits.LOCK_OF_WORKERS, hasty_limits.STATEMENT_OF_WORKERS)
limits.OF_COMMANDS = limits._of_process = limits.Limits(hasty_limits.LOCK_OF_COMMANDS, statement=0.0)
locks.longest_wait = ContextVar("longest_wait", default=hasty_limits.LOCK_OF_CONFIGURATION)
pool.WAIT, pool.IDLE = hasty_limits.WAIT_FOR_POOL, hasty_limits.IDLE
freshness.OVERDUE = hasty_limits.OVERDUE
postgresql.BACKSTOP = hasty_limits.BACKSTOP
