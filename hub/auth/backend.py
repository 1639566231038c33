"""Signing in with a password, as often as the throttle allows."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from hub.models import User


class PasswordBackend(AxesStandaloneBackend, ModelBackend):
    """Django's backend behind django-axes: one backend, so that a session can belong to no other."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the person, or ``None``; raise ``PermissionDenied`` while the throttle holds.

        It is asked again after the password was right: of many guesses at the same moment, all were let
        through before the first one had failed.
        """
        AxesStandaloneBackend.authenticate(self, request, username, password, **kwargs)
        user = ModelBackend.authenticate(self, request, username, password, **kwargs)
        if user is not None:
            AxesStandaloneBackend.authenticate(self, request, username, password, **kwargs)
        return user
