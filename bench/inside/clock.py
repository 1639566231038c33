"""The clock that measures actions which do not wait for a disk or for another process."""

from __future__ import annotations

import time

CLOCK = time.process_time
"""This clock counts the CPU time of this process, so other processes do not affect the result."""
