"""Short deadlines for slow clients and for listeners that have moved, in seconds.

A machine may stand still for two seconds, and no steady client must be given up for that.
"""

from __future__ import annotations

HEAD = 7.0
GRACE = 4.0
FAREWELL = 1.0
OVERLAP = 0.5
