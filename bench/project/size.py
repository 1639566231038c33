"""The number of settings that a benchmark wants."""

from __future__ import annotations

import os

COUNT = int(os.environ.get("BENCH_SETTINGS", "20"))
