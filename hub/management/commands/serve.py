"""``manage.py serve``: run the bootstrap, then become gunicorn with the settings from the database."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from config_app.cli.parsing import DiscreetCommand
from config_app.errors import InvalidValue
from hub.bootstrap import bootstrap_application
from hub.environment.env_import import PROCESS
from hub.environment.foreign_variables import remove_variables_of_servers
from hub.runtime_config import schema
from hub.serving.listen_address import INHERITED, listener, probe
from hub.serving.starting_address import starting_address
from hub.start import stop_signals

logger = logging.getLogger("hub")


def _bind(text: str) -> tuple[str, int]:
    """Convert ``HOST:PORT`` to a host and a port. Raise ``ArgumentTypeError`` if ``text`` is not valid."""
    if text.startswith(("unix:", "fd://", "/", "./")):
        raise ArgumentTypeError(
            "the hub cannot listen on a Unix socket, so expected HOST:PORT, such as 127.0.0.1:8884"
        )
    host, separator, port = text.rpartition(":")
    if not separator or (":" in host and not host.startswith("[")):
        raise ArgumentTypeError("expected HOST:PORT, such as 127.0.0.1:8884 or [::1]:8884")
    try:
        return schema["bind_address"].parse(host), schema["port"].parse(port)
    except InvalidValue as error:
        part = "HOST" if error.key == "bind_address" else "PORT"
        raise ArgumentTypeError(f"expected {error.expected} as {part} of HOST:PORT") from None


def _workers(text: str) -> int:
    """Convert ``text`` to a number of workers. Raise ``ArgumentTypeError`` if ``text`` is not valid."""
    try:
        workers: int = schema["server_workers"].parse(text)
    except InvalidValue as error:
        raise ArgumentTypeError(f"expected {error.expected}") from None
    return workers


def _ignore_variables_of_servers() -> None:
    """Remove the variables of gunicorn and uvicorn, which would override the configuration. Log the names."""
    if names := remove_variables_of_servers():
        logger.warning(
            "%s of %s: ignored, because the configuration decides how the hub is served; "
            "to pin the address or the number of workers, use --bind and --workers",
            ", ".join(names),
            PROCESS,
        )


class Command(DiscreetCommand):
    """The command that serves the hub."""

    help = "Serve the hub. The address and the number of workers come from the configuration."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--bind`` and ``--workers``. Each option pins settings until the hub stops."""
        parser.add_argument("--bind", type=_bind, metavar="HOST:PORT", help="listen only on this address")
        parser.add_argument("--workers", type=_workers, metavar="N", help="always run this many workers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the bootstrap. Then replace this process with gunicorn's master."""
        _ignore_variables_of_servers()
        bootstrap_application()
        if not any(name in os.environ for name in INHERITED):
            probe(*(options["bind"] or starting_address()))
        command = [sys.executable, "-m", "gunicorn", "-c", str(settings.BASE_DIR / "hub" / "gunicorn.py")]
        if options["bind"]:
            command += ["--bind", listener(*options["bind"])]
        if options["workers"]:
            command += ["--workers", str(options["workers"])]
        sys.stdout.flush()
        # On SIGUSR2, gunicorn restarts itself. Without this variable, it would then import its own package
        # `http` instead of Python's.
        os.environ["PYTHONSAFEPATH"] = "1"
        stop_signals.hold()
        os.execv(sys.executable, command)
