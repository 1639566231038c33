"""Apply the configured log level to the loggers of this process."""

from __future__ import annotations

import logging

from config_app.live.hooks import on_change
from hub.logs.format import QUIET
from hub.runtime_config import RuntimeConfig

LOGGERS = ("", "hub", "config_app", "setup_wizard", "django", "gunicorn.error", "uvicorn", "uvicorn.error")


def apply_level(config: RuntimeConfig) -> None:
    """Set the level of this process's loggers. The loggers in ``QUIET`` keep at least their minimum level."""
    levels = logging.getLevelNamesMapping()
    level = levels[config.log_level.upper()]
    for name in LOGGERS:
        logging.getLogger(name).setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(level, levels[least]))


def follow_configuration() -> None:
    """Apply the log level whenever the setting ``log_level`` changes."""

    @on_change("log_level")
    def follow(_old: RuntimeConfig, new: RuntimeConfig) -> None:
        apply_level(new)
