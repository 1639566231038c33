#!/usr/bin/env python3
"""Hub's command line: ``./manage.py COMMAND``."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.core.management.base import BaseCommand

VENV_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    """Run a management command; a deliberate error is one line and exit status 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    gc.disable()  # nothing that is imported is garbage: to look for some takes a quarter of a command's time
    from django.core.management import ManagementUtility

    from config_app.errors import ConfigError

    class CommandLine(ManagementUtility):
        """Looks for garbage again once everything is imported, and never in what was."""

        def fetch_command(self, subcommand: str) -> BaseCommand:
            command = super().fetch_command(subcommand)
            gc.freeze()
            gc.enable()
            return command

    try:
        CommandLine(sys.argv).execute()
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def use_installed_environment() -> None:
    """Run in the ``.venv`` that ``make install`` made, unless some virtual environment is in use already."""
    if sys.prefix == sys.base_prefix and VENV_PYTHON.exists():
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])


if __name__ == "__main__":
    use_installed_environment()
    main()
