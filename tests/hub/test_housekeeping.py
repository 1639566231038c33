"""A timer removes what is outdated, in one process of each hub, and nothing else (R15)."""

from __future__ import annotations

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.utils import timezone

from config_app.propagation import receipts, watcher, watching
from hub.housekeeping import remove_outdated
from hub.models import WebhookCall
from setup_wizard.models import SetupDraft, SetupToken
from tests.support.waiting import wait_for

KINDS: tuple[type[Model], ...] = (Session, AccessAttempt, WebhookCall, SetupToken, SetupDraft)


def make(name: str, at: dt.datetime) -> None:
    """Make one row of each kind; the rows were last used, or end, at ``at``."""
    Session.objects.create(session_key=name, session_data="", expire_date=at)
    attempt = AccessAttempt.objects.create(username=name, failures_since_start=1)
    AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=at)
    WebhookCall.objects.create(digest=name, received_at=at)
    SetupToken.objects.create(digest=name, machine="here", created_at=at, expires_at=at)
    SetupDraft.objects.all().delete()
    SetupDraft.objects.create(steps={"mode": {"mode": name}})
    SetupDraft.objects.update(updated_at=at)


def counts() -> dict[str, int]:
    return {kind.__name__: kind._default_manager.count() for kind in KINDS}


@pytest.fixture(autouse=True)
def _install(install: None) -> None:
    for kind in KINDS:
        kind._default_manager.all().delete()


def test_what_is_outdated_goes() -> None:
    make("old", timezone.now() - dt.timedelta(days=30))
    remove_outdated()
    assert counts() == dict.fromkeys(counts(), 0)


def test_what_still_counts_stays() -> None:
    make("new", timezone.now() + dt.timedelta(minutes=1))
    before = counts()
    remove_outdated()
    assert counts() == before
    assert set(before.values()) == {1}


def test_a_failure_that_was_stored_by_a_wrong_clock_goes() -> None:
    make("later", timezone.now() + dt.timedelta(hours=1))
    remove_outdated()
    assert counts() == dict.fromkeys(counts(), 1) | {"AccessAttempt": 0}


def test_no_session_lasts_longer_than_others_because_a_clock_was_wrong() -> None:
    make("later", timezone.now() + dt.timedelta(days=3650))
    make("soon", timezone.now() + dt.timedelta(days=1))
    remove_outdated()
    later, soon = (Session.objects.get(pk=name).expire_date - timezone.now() for name in ("later", "soon"))
    assert later <= dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    assert soon > dt.timedelta(hours=23)


def test_workers_leave_it_to_their_master() -> None:
    make("old", timezone.now() - dt.timedelta(days=30))
    receipts.describe("worker")
    remove_outdated()
    assert set(counts().values()) == {1}


@pytest.mark.django_db(transaction=True)
def test_the_watcher_does_it_about_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "REVALIDATE", 0.05)
    make("old", timezone.now() - dt.timedelta(days=30))
    watching.start()
    try:
        wait_for(lambda: set(counts().values()) == {0}, "the rows to be removed")
    finally:
        watching.stop()
