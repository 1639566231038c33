"""Password hashes that are made quickly; a real hash takes a third of a second by design."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Makes hashes with few iterations; the real hasher accepts them because a hash contains their number."""

    iterations = 1
