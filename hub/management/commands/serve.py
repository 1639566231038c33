"""``manage.py serve``: bootstrap, then gunicorn with what the database says."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config_app.errors import InvalidValue
from hub.bootstrap import bootstrap_application
from hub.runtime_config import schema
from hub.serving.listen_address import INHERITED, listener, probe
from hub.serving.starting_address import starting_address


def _bind(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``."""
    host, separator, port = text.rpartition(":")
    if not separator or (":" in host and not host.startswith("[")):
        raise ArgumentTypeError("expected HOST:PORT, such as 127.0.0.1:8884 or [::1]:8884")
    try:
        return schema["bind_address"].parse(host), schema["port"].parse(port)
    except InvalidValue as error:
        part = "HOST" if error.key == "bind_address" else "PORT"
        raise ArgumentTypeError(f"expected {error.expected} as {part} of HOST:PORT") from None


def _workers(text: str) -> int:
    """Return the number of workers."""
    try:
        workers: int = schema["server_workers"].parse(text)
    except InvalidValue as error:
        raise ArgumentTypeError(f"expected {error.expected}") from None
    return workers


class Command(BaseCommand):
    """Serve the hub; the process becomes gunicorn's master, so a process manager can keep it."""

    help = "Serve the hub with the bind address, port and workers that the configuration says."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what may be pinned for this one hub."""
        parser.add_argument("--bind", type=_bind, metavar="HOST:PORT", help="pin the listener")
        parser.add_argument("--workers", type=_workers, metavar="N", help="pin the number of workers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the install up and replace this process by gunicorn."""
        bootstrap_application()
        if not any(name in os.environ for name in INHERITED):
            probe(*(options["bind"] or starting_address()))
        command = [sys.executable, "-m", "gunicorn", "-c", str(settings.BASE_DIR / "hub" / "gunicorn.py")]
        if options["bind"]:
            command += ["--bind", listener(*options["bind"])]
        if options["workers"]:
            command += ["--workers", str(options["workers"])]
        sys.stdout.flush()
        # Or gunicorn, starting itself anew on SIGUSR2, would find its own package http before Python's.
        os.environ["PYTHONSAFEPATH"] = "1"
        os.execv(sys.executable, command)
