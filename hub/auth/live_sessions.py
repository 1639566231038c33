"""Find out whether a session belongs to a person who signed in or who entered the setup token."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY

from setup_wizard.pages.access import PROOF


def is_known(key: str) -> bool:
    """Return whether a session with this key exists, and its person signed in or entered the setup token.

    Raise Django's ``DatabaseError`` if the database cannot be read.
    """
    # The hub also makes sessions for strangers, for example when a sign-in at WorkOS begins.
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return key.isascii() and key.isalnum() and bool({SESSION_KEY, PROOF} & session.keys())
