"""Hub: a Django server whose whole configuration lives in its database."""

from __future__ import annotations

__version__ = "0.1.0"
