"""The format of log lines. The settings import this module, so it must work before apps are loaded."""

from __future__ import annotations

import logging
from typing import Any

from config_app.logs import RevisionFilter


class WithoutOutages(logging.Filter):
    """A log filter that removes the traceback of a request that failed because of an outage."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback if there was an outage. Always return ``True``, so the record is logged."""
        # This import needs Django, which is not set up when the settings are read.
        from hub.responses.errors import is_outage

        if record.exc_info and is_outage(record.exc_info[1]):
            record.exc_info = None  # another log line already gives the reason
        return True


QUIET = {
    "axes": "WARNING",  # a lower level logs every step
    "django.template": "INFO",  # a lower level logs the context of templates, with hashes of passwords
}
"""The lowest level of these loggers, even if the setting ``log_level`` is lower."""

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
