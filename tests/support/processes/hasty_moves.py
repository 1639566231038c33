"""The hub's settings with a listener that leaves its old address soon after a move."""

from __future__ import annotations

from hub.serving import listener_move
from hub.settings import *  # noqa: F403
from tests.support.processes.hasty_deadlines import OVERLAP

listener_move.OVERLAP = OVERLAP
