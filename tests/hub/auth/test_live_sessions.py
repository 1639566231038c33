"""A session belongs to a person if the person has signed in with it, or has entered the setup token."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from hub.auth.live_sessions import is_known
from setup_wizard.pages.access import PROOF

pytestmark = pytest.mark.django_db


def key_of(content: dict[str, Any], lasts: dt.timedelta = dt.timedelta(hours=1)) -> str:
    session = SessionStore()
    session.update(content)
    session.set_expiry(lasts)
    session.save()
    assert session.session_key is not None
    return session.session_key


@pytest.mark.parametrize(
    ("content", "is_person"),
    [
        ({SESSION_KEY: "1"}, True),
        ({PROOF: "proof"}, True),
        ({"state": "of a sign-in that has only begun"}, False),
        ({}, False),
    ],
)
def test_it_depends_on_what_the_session_contains(content: dict[str, Any], is_person: bool) -> None:
    assert is_known(key_of(content)) == is_person


def test_an_expired_session_is_no_ones() -> None:
    assert not is_known(key_of({SESSION_KEY: "1"}, -dt.timedelta(hours=1)))


@pytest.mark.parametrize("key", ["", "0" * 32, "\0", "a\0b", "é" * 32, "' OR 1=1"])
def test_an_invented_key_is_no_ones(key: str) -> None:
    assert not is_known(key)
