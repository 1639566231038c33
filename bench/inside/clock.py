"""The clock for actions that only compute and do not wait for anything."""

from __future__ import annotations

import time

CLOCK = time.process_time
"""Counts this process's CPU time, so that other processes do not affect the result."""
