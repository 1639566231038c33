"""Look for the hub's static files only once in a process and its forks, because that takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.middleware.static import StaticFilesMiddleware


def find_once(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let each new middleware use the files that the first one has found; ``put`` replaces its method."""
    find: Any = StaticFilesMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def add_found_files(layer: StaticFilesMiddleware) -> None:
        if not found:
            find(layer)
            found.update(layer.files)
        layer.files.update(found)

    put(StaticFilesMiddleware, "add_files_from_finders", add_found_files)
