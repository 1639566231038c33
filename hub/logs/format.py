"""The format of log lines. The settings import this module, so it must work before apps are loaded."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from config_app.logs import RevisionFilter
from config_app.presentation.printable import printable


class OnlyFaultsWithTraceback(logging.Filter):
    """A log filter that removes tracebacks, except the traceback of a fault in the code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """If the error is an outage or a refused request, remove its traceback. Always return ``True``."""
        if not record.exc_info:
            return True
        # These imports need Django, which is not set up when the settings are read.
        from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation

        from hub.responses.errors import is_outage

        error = record.exc_info[1]
        if is_outage(error) or isinstance(error, BadRequest | PermissionDenied | SuspiciousOperation):
            record.exc_info = None  # the message gives the reason, or another log line does
        return True


class NoOutages(logging.Filter):
    """A log filter that removes Django's line about each request that was answered with 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to keep the record. ``hub.responses.outage_log`` logs the reason for a 503."""
        return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE


class LineFormatter(logging.Formatter):
    """Writes each record on one line. A traceback follows on indented lines."""

    # Otherwise a request could write lines that look like the hub's own, or control the terminal that shows
    # the log. A client chooses its path, its host name, its e-mail address and so on.

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line, with an escape sequence in place of each character that is not printable."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Return the traceback with indented lines."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's name
        """Return the stack with indented lines."""
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.split("\n"))


QUIET = {
    "axes": "WARNING",  # a lower level logs every step
    "psycopg.pool": "ERROR",  # the request that needs a connection logs why there is none
    "django.template": "INFO",  # a lower level logs the context of templates, with hashes of passwords
}
"""Maps loggers to their minimum levels. These levels apply if the setting ``log_level`` is lower."""

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "hub.logs.format.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s%(at_revision)s: %(message)s",
        }
    },
    "filters": {
        "faults": {"()": OnlyFaultsWithTraceback},
        "at_revision": {"()": RevisionFilter},
        "no_outages": {"()": NoOutages},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["at_revision", "faults"],
        },
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"handlers": [], "propagate": True, "filters": ["no_outages"]},
        **{name: {"handlers": [], "level": level, "propagate": True} for name, level in QUIET.items()},
    },
}
