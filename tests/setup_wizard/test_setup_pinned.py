"""The wizard marks the settings that the command line of the running hub pins."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from config_app.models import Process
from tests.support.browsers.wizard_walk import LOCAL, Browser

pytestmark = pytest.mark.usefixtures("install")


def walk() -> tuple[str, str]:
    """Fill the wizard; return the texts of the network step and of the review."""
    browser = Browser()
    browser.fill_all(LOCAL)
    assert browser.get("/setup/network/") == 200
    step = browser.text
    assert browser.get("/setup/review/") == 200
    return step, browser.text


def test_the_network_step_and_the_review_name_the_pinned_port() -> None:
    times = dict.fromkeys(("since", "started_at", "seen_at"), Now())
    Process.objects.create(machine="m", pid=7, role="master", revision=1, pins={"port": "7777"}, **times)
    step, review = walk()
    assert step.count("pins this to 7777") == 1
    assert "pinned to 7777" in review


def test_without_a_pin_nothing_is_marked() -> None:
    step, review = walk()
    assert "pins this" not in step
    assert "pinned" not in review
