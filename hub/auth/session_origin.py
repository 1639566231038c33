"""Where a browser's session began: with a password of this hub, or by signing in at WorkOS."""

from __future__ import annotations

from django.http import HttpRequest

MARK = "workos"
"""In the session of a browser that signed in through WorkOS."""


def note_workos(request: HttpRequest) -> None:
    """Note that the session of ``request`` began at WorkOS."""
    request.session[MARK] = True


def is_at_workos(request: HttpRequest) -> bool:
    """Return whether the session of ``request`` began at WorkOS."""
    return bool(request.session.get(MARK))
