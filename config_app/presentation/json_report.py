"""The current configuration as JSON data, for the HTTP API of a project."""

from __future__ import annotations

from typing import Any

from config_app.live import pinning
from config_app.presentation.overview import read_overview


def report() -> dict[str, Any]:
    """Return the state, the revision, the mode and all settings as JSON data.

    For a secret, the data says only whether it is set. The rest of the request sees the same configuration as
    this report. Raise ``DatabaseUnavailable`` if the database cannot be read.
    """
    overview = read_overview()
    # Everything else in the response to this request must belong to the same revision.
    pinning.see(overview.config, overview.revision)
    return overview.as_json()
