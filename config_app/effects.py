"""The public import path of ``acted_on()``, which is defined in ``config_app.live.effects``."""

from __future__ import annotations

from config_app.live.effects import acted_on, exempt, note_obstacle, obstacle, pending

__all__ = ["acted_on", "exempt", "note_obstacle", "obstacle", "pending"]
