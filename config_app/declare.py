"""The public import path of ``setting()``, which is defined in ``config_app.declaration.setting``."""

from __future__ import annotations

from config_app.declaration.setting import Editable, Section, TakesEffect, removes_entries, setting

__all__ = ["Editable", "Section", "TakesEffect", "removes_entries", "setting"]
