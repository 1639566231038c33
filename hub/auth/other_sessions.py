"""Ends the sessions that a browser still has under other names of the session cookie.

While a hub gets https, a browser can have two sessions: one from http, and one from https. The hub uses only
one of them, so people would not know that the other one is still valid.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

ATTRIBUTE = "other_session_keys"


def note(request: HttpRequest, keys: list[str]) -> None:
    """Store ``keys``, the keys of the browser's other sessions, which the hub does not use."""
    setattr(request, ATTRIBUTE, keys)


@receiver([user_logged_in, user_logged_out])
def end_other_sessions(request: HttpRequest, **_kwargs: Any) -> None:
    """End the browser's other sessions on this hub, because the person signs in or out."""
    for key in getattr(request, ATTRIBUTE, ()):
        import_module(settings.SESSION_ENGINE).SessionStore(key).delete()
