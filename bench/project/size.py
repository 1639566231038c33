"""The number of settings in the schema, which the benchmark chooses."""

from __future__ import annotations

import os

COUNT = int(os.environ.get("BENCH_SETTINGS", "20"))
