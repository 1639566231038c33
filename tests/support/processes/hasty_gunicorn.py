"""The hub's configuration of gunicorn, with short deadlines for slow clients."""

from __future__ import annotations

from hub.serving import connections
from tests.support.processes import hasty_deadlines

connections.HEAD = hasty_deadlines.HEAD
connections.GRACE = hasty_deadlines.GRACE
connections.FAREWELL = hasty_deadlines.FAREWELL

from hub.gunicorn import *  # noqa: E402, F403 - after the constants have changed
