"""Note how a session began: with a password of this hub, or with a sign-in at WorkOS."""

from __future__ import annotations

from django.http import HttpRequest

MARK = "workos"
"""The session contains this key if the person signed in at WorkOS."""


def note_workos(request: HttpRequest) -> None:
    """Mark the session of ``request`` as one that began at WorkOS."""
    request.session[MARK] = True


def is_at_workos(request: HttpRequest) -> bool:
    """Return whether the session of ``request`` began at WorkOS."""
    return bool(request.session.get(MARK))
