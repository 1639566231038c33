"""Proof of identity: a person has signed in, or entered their password again, in the last ten minutes.

The session stores the time of the last proof. The time comes from the clock of the database, so that all
processes use the same clock. If someone sets this clock an hour back or forward, people must prove their
identity again.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest

from config_app.declaration.secret import Secret
from config_app.errors import NotProved
from config_app.store import timeline
from hub.auth import session_origin, throttle
from hub.logs import sign_ins

PROVED_AT = "proved_at"
"""The session key under which the time of the last proof is stored, in seconds since 1970."""
COUNTS_FOR = dt.timedelta(minutes=10)
WRONG = "This is not your password. Check it and try again."


def note(session: SessionBase, age: dt.timedelta | None = dt.timedelta()) -> None:
    """Store the time of a proof in the session. The time is the current time minus ``age``.

    If ``age`` is ``None``, remove the proof from the session.
    """
    if age is None:
        session.pop(PROVED_AT, None)
    else:
        session[PROVED_AT] = (timeline.now() - age).timestamp()


def counts(age: dt.timedelta | None) -> bool:
    """Return whether a proof of this age still counts. If ``age`` is ``None``, return ``False``."""
    return age is not None and abs(age) < COUNTS_FOR


def is_recent(session: SessionBase) -> bool:
    """Return whether the session has a proof that still counts."""
    # If the clock was set back, the age is negative. So ``counts`` compares its absolute value.
    at = session.get(PROVED_AT)
    return at is not None and counts(timeline.now() - dt.datetime.fromtimestamp(at, dt.UTC))


def prove(request: HttpRequest, password: Secret) -> None:
    """Check the password of the signed-in person, and store a proof in the session.

    Raise ``NotProved`` if the password is wrong, if there were too many failed attempts, or if the person
    signed in at WorkOS.
    """
    if session_origin.is_at_workos(request):
        raise NotProved("You signed in at WorkOS. A password of this hub does not prove your identity.")
    credentials = {"username": request.user.get_username()}
    if authenticate(request, **credentials, password=password.reveal()) != request.user:
        raise NotProved(throttle.too_many(request) if throttle.holds(request) else WRONG)
    throttle.SignInThrottle().reset_user_attempts(request, credentials)
    sign_ins.note_proof(request)
    request.session.cycle_key()  # a cookie that was stolen earlier must not benefit from the proof
    note(request.session)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, **_kwargs: Any) -> None:
    """Store a proof in the session, because the person has just signed in."""
    # For a sign-in at WorkOS, ``hub.workos.sessions.current`` then stores the time that WorkOS reports.
    note(request.session)
