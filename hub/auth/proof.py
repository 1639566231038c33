"""Proof that it is really the person who is signed in: their sign-in, or their password once more (W7).

It counts for a few minutes, in one session, by the clock of the database, which all processes share. Where
that is set an hour back or forward, the proof is asked for once more (R9).
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

PROVED_AT = "proved_at"
"""In the session: when, in seconds since 1970."""
COUNTS_FOR = dt.timedelta(minutes=10)
WRONG = "This is not your password. Check it and try again."


def note(session: SessionBase, age: dt.timedelta | None = dt.timedelta()) -> None:
    """Note a proof that was given ``age`` ago; without an age, that there is none."""
    if age is None:
        session.pop(PROVED_AT, None)
    else:
        session[PROVED_AT] = (timeline.now() - age).timestamp()


def counts(age: dt.timedelta | None) -> bool:
    """Tell whether a proof of this age counts; one that is missing does not."""
    return age is not None and abs(age) < COUNTS_FOR


def is_recent(session: SessionBase) -> bool:
    """Tell whether a proof counts; one from the future was noted before the clock was set back."""
    at = session.get(PROVED_AT)
    return at is not None and counts(timeline.now() - dt.datetime.fromtimestamp(at, dt.UTC))


def prove(request: HttpRequest, password: Secret) -> None:
    """Note that ``password`` is that of whoever is signed in; raise ``NotProved`` where it is not.

    The session goes on under another key, or whoever stole the cookie before would have the proof too.
    """
    if session_origin.is_at_workos(request):
        raise NotProved("No password of this hub counts while people sign in at WorkOS.")
    credentials = {"username": request.user.get_username()}
    if authenticate(request, **credentials, password=password.reveal()) != request.user:
        raise NotProved(throttle.too_many() if throttle.holds(request) else WRONG)
    throttle.SignInThrottle().reset_user_attempts(request, credentials)
    request.session.cycle_key()
    note(request.session)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, **_kwargs: Any) -> None:
    """Take a sign-in as proof; ``hub.workos.sessions.current`` knows better where it was one at WorkOS."""
    note(request.session)
