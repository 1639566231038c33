"""How log lines look; imported by the settings, so nothing here needs loaded apps."""

from __future__ import annotations

import logging
from typing import Any

from config_app.logs import RevisionFilter


class WithoutOutages(logging.Filter):
    """Takes the traceback off a failed request where the database was down: one line says why already."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        from hub.responses.errors import (
            is_outage,  # needs Django, which is not set up when the settings are read
        )

        if record.exc_info and is_outage(record.exc_info[1]):
            record.exc_info = None
        return True


QUIET = {
    "axes": "WARNING",  # below, it narrates every step
    "django.template": "INFO",  # below, it prints all that a template gets: hashes of passwords too
}
"""Loggers that say nothing less severe than this, whatever the configured level."""

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s%(at_revision)s: %(message)s"}},
    "filters": {"without_outages": {"()": WithoutOutages}, "at_revision": {"()": RevisionFilter}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["at_revision"]},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"filters": ["without_outages"], "propagate": True},
        **{name: {"handlers": [], "level": level, "propagate": True} for name, level in QUIET.items()},
    },
}
