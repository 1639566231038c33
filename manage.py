#!/usr/bin/env python3
"""Hub's command line: ``./manage.py COMMAND``."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hub.start import stop_signals

if TYPE_CHECKING:
    from django.core.management.base import BaseCommand

    from config_app.errors import ConfigError

VENV_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    """Run a management command; on a ``ConfigError``, print one line and exit with status 1."""
    from hub.environment.foreign_variables import use_own_settings

    use_own_settings()
    # Imported modules are never garbage. Without this, the collector takes a quarter of a command's time.
    gc.disable()
    from django.core.management import ManagementUtility

    from config_app.errors import ConfigError

    class CommandLine(ManagementUtility):
        """The command line; it turns the garbage collector on again once the command is imported."""

        def fetch_command(self, subcommand: str) -> BaseCommand:
            command = super().fetch_command(subcommand)
            gc.freeze()  # the collector skips everything that was imported so far
            gc.enable()
            return command

    try:
        CommandLine(sys.argv).execute()
    except ConfigError as error:
        fail(error)
    except Exception as error:
        from hub.start.diagnosis import explain

        # Django's own commands would show a traceback if the database is missing.
        if "--traceback" in sys.argv or (cause := explain(error)) is None:
            raise
        fail(cause)


def fail(error: ConfigError) -> None:
    """Print the error in one line and exit with status 1."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)


def use_installed_environment() -> None:
    """Restart in the ``.venv`` that ``make install`` created, unless a virtual environment is active."""
    if sys.prefix == sys.base_prefix and os.access(VENV_PYTHON, os.X_OK):
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        stop_signals.hold()
    use_installed_environment()
    if sys.argv[1:2] == ["serve"]:
        stop_signals.exit_when_told()
    main()
