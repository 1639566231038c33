"""The configuration in force as JSON: for ``config show --json`` and for programs that ask over HTTP."""

from __future__ import annotations

from typing import Any

from config_app.live import runtime
from config_app.presentation.overview import read_overview


def report() -> dict[str, Any]:
    """Return state, revision, mode and every setting by key; a secret only as set or not.

    Within a request, what is added to the response afterwards is of the same revision.
    """
    overview = read_overview()
    runtime.see(overview.config, overview.revision)
    return overview.as_json()
