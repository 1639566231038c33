"""Logging: one format everywhere, at the level that the configuration says."""

from __future__ import annotations

import logging

from config_app.live.hooks import on_change
from hub.logs.format import QUIET
from hub.runtime_config import RuntimeConfig

LOGGERS = ("", "hub", "config_app", "setup_wizard", "django", "gunicorn.error", "uvicorn", "uvicorn.error")


def apply_level(config: RuntimeConfig) -> None:
    """Let every logger of this process speak from the configured level on."""
    levels = logging.getLevelNamesMapping()
    level = levels[config.log_level.upper()]
    for name in LOGGERS:
        logging.getLogger(name).setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(level, levels[least]))


def follow_configuration() -> None:
    """Apply the level again whenever it changes."""

    @on_change("log_level")
    def follow(_old: RuntimeConfig, new: RuntimeConfig) -> None:
        apply_level(new)
