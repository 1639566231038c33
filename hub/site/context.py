"""The template context of every page of the hub."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from hub import __version__
from hub.site.pages import pages_for


def hub(request: HttpRequest) -> dict[str, Any]:
    """Return two template variables: the hub's version, and the navigation for the signed-in person."""
    return {"hub_version": __version__, "nav": SimpleLazyObject(lambda: _nav(request))}


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"label": page.title, "url": page.url, "current": _is_current(request, page.url)}
        for page in pages_for(request)
    ]


def _is_current(request: HttpRequest, url: str) -> bool:
    return request.path == url or (url != "/" and request.path.startswith(url))
