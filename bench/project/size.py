"""The number of settings in the schema. The benchmark sets this number in ``BENCH_SETTINGS``."""

from __future__ import annotations

import os

COUNT = int(os.environ.get("BENCH_SETTINGS", "20"))
