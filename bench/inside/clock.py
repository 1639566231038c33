"""The clock for actions that only compute and never wait."""

from __future__ import annotations

import time

CLOCK = time.process_time
"""This clock counts the CPU time of this process, so other processes do not affect the result."""
