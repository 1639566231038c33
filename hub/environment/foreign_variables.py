"""Recognise environment variables that belong to other programs. They must not change what the hub does.

``manage.py`` and the modules that servers load import this module first, so nothing here imports Django.
"""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

SETTINGS: Final = "hub.settings"
SETTINGS_MODULE: Final = "DJANGO_SETTINGS_MODULE"
BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent

# If a service is called "hub", Kubernetes and Docker links set these variables in every other container.
_SERVICE_LINK = re.compile(r"\w+_SERVICE_(?:HOST|PORT)(?:_\w+)?|\w+_PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_\w+)?")
_LINKED_ADDRESS = re.compile(r"\s*(?:tcp|udp|sctp)://", re.IGNORECASE)
# gunicorn and uvicorn read these. A server that another program has started may have left them behind.
_OF_SERVERS = re.compile(r"(?:GUNICORN|UVICORN)_\w+|WEB_CONCURRENCY|FORWARDED_ALLOW_IPS|SENDFILE")


def is_service_link(name: str, text: str) -> bool:
    """Return whether Kubernetes or a Docker link has set the variable, such as ``HUB_PORT=tcp://…``."""
    is_address = name.endswith("_PORT") and _LINKED_ADDRESS.match(text) is not None
    return is_address or _SERVICE_LINK.fullmatch(name) is not None


def use_own_settings(environ: MutableMapping[str, str] = os.environ) -> None:
    """Make Django use the hub's settings, even if ``environ`` names the settings of another project.

    If ``environ`` names a module in the hub's own folder that extends ``hub.settings``, change nothing.
    """
    if not _extends_own_settings(environ.get(SETTINGS_MODULE, "")):
        environ[SETTINGS_MODULE] = SETTINGS


def _extends_own_settings(module: str) -> bool:
    # The file is only read, because an import would run code of the other project.
    try:
        return SETTINGS in BASE_DIR.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
    except (OSError, ValueError):
        return False


def remove_variables_of_servers(environ: MutableMapping[str, str] = os.environ) -> list[str]:
    """Remove the variables of gunicorn and uvicorn from ``environ``, and return their names."""
    names = sorted(name for name in environ if _OF_SERVERS.fullmatch(name))
    for name in names:
        del environ[name]
    return names
