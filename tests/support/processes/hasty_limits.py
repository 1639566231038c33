"""Short limits for a PostgreSQL server that does not answer, in seconds."""

from __future__ import annotations

LOCK_OF_COMMANDS = LOCK_OF_CONFIGURATION = 1.5
LOCK_OF_WORKERS, STATEMENT_OF_WORKERS = 1.0, 2.0
BACKSTOP = 1.0
OVERDUE = 5.0  # a machine that stands still for a moment must not make a worker overdue
WAIT_FOR_POOL, IDLE = 2.5, 0.5
PATIENCE = 20.0
"""How long a request waits for a connection in tests in which all requests must get one, however slowly."""
