#!/usr/bin/env python3
"""Hub's command line: ``./manage.py COMMAND``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VENV_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    """Run a management command; a deliberate error is one line and exit status 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    from django.core.management import execute_from_command_line

    from config_app.errors import ConfigError

    try:
        execute_from_command_line(sys.argv)
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
