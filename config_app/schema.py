"""The public import path of ``Schema``. Its code is in ``config_app.declaration.schema``."""

from __future__ import annotations

from config_app.declaration.rules import Rule
from config_app.declaration.schema import Guard, Schema, Setting

__all__ = ["Guard", "Rule", "Schema", "Setting"]
