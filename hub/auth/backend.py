"""The authentication backend for passwords, with a limit on failed attempts."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from hub.auth import hashing, throttle
from hub.models import User


class PasswordBackend(AxesStandaloneBackend, ModelBackend):
    """Django's backend for passwords, combined with django-axes' throttle."""

    # Django stores in each session which backend signed the person in. Here there is only one to store.
    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or ``None`` if the password is wrong.

        Raise ``PermissionDenied`` after too many failed attempts. Raise ``Busy`` if too many people sign in.
        """
        AxesStandaloneBackend.authenticate(self, request, username, password, **kwargs)
        before = hashing.rank.set(throttle.rank(request, {"username": username}))
        try:
            user = ModelBackend.authenticate(self, request, username, password, **kwargs)
        finally:
            hashing.rank.reset(before)
        if user is not None:
            # Check again: if many guesses arrive at once, all pass the first check before any of them fails.
            AxesStandaloneBackend.authenticate(self, request, username, password, **kwargs)
        return user
