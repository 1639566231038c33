"""Short deadlines for slow clients and for listeners that have moved, in seconds."""

from __future__ import annotations

HEAD = 4.0
GRACE = 2.0
FAREWELL = 1.0
OVERLAP = 0.5
