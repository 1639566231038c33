"""The configuration in force as JSON: for ``config show --json`` and for programs that ask over HTTP."""

from __future__ import annotations

from typing import Any

from config_app.overview import read_overview


def report() -> dict[str, Any]:
    """Return state, revision, mode and every setting by key; a secret only as set or not."""
    return read_overview().as_json()
