"""How many settings a benchmark asks for."""

from __future__ import annotations

import os

COUNT = int(os.environ.get("BENCH_SETTINGS", "20"))
