"""Log lines that say who signed in, who signed out and who proved their identity, and from which address."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

logger = logging.getLogger("hub")


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: AbstractBaseUser, **_signal: Any) -> None:
    """Log that a person has signed in, with a password or at WorkOS."""
    _note(request, user, "signed in")


@receiver(user_logged_out)
def note_sign_out(request: HttpRequest, user: AbstractBaseUser | None, **_signal: Any) -> None:
    """Log that a person has signed out. Log nothing if no one was signed in."""
    if user is not None:
        _note(request, user, "signed out")


def note_proof(request: HttpRequest) -> None:
    """Log that the signed-in person has entered their password again."""
    _note(request, request.user, "proved their identity")


def _note(request: HttpRequest, user: Any, deed: str) -> None:
    address = request.META.get("REMOTE_ADDR") or "an unknown address"
    logger.info("%s %s from %s", user.get_username() or f"account {user.pk}", deed, address)
