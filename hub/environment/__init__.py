"""Read the process environment and ``.env``, and import settings from them once."""

from __future__ import annotations

MAX_ENV_BYTES = 1024 * 1024
"""The largest `.env` file, in bytes."""
