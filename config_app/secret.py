"""The public import path of ``Secret``. Its code is in ``config_app.declaration.secret``."""

from __future__ import annotations

from config_app.declaration.secret import MASK, Secret

__all__ = ["MASK", "Secret"]
