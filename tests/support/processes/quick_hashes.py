"""Password hashes that take no time: a real one takes a third of a second by design."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Makes hashes that a hub with the real hasher accepts too, as they say how many iterations they took."""

    iterations = 1
