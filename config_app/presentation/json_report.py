"""The current configuration as JSON, for ``config show --json`` and for requests of programs."""

from __future__ import annotations

from typing import Any

from config_app.live import pinning
from config_app.presentation.overview import read_overview


def report() -> dict[str, Any]:
    """Return state, revision, mode and every setting by key as JSON data.

    A secret appears only as set or not set.
    """
    overview = read_overview()
    # Everything else in the response to this request must belong to the same revision.
    pinning.see(overview.config, overview.revision)
    return overview.as_json()
