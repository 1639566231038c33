"""If the command line pins the listener, the findings are about the pinned address, not about the setting."""

from __future__ import annotations

import re

import pytest
from django.db.models.functions import Now

from config_app.api import get_config
from config_app.models import Process
from hub.findings import transport
from tests.support.browsers.clients import configure
from tests.support.processes.hub_process import HubProcess

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the address is only stored


def run_master(machine: str = "m", **pins: str) -> None:
    times = dict.fromkeys(("since", "started_at", "seen_at"), Now())
    Process.objects.create(machine=machine, pid=7, role="master", revision=9, pins=pins, **times)


def found() -> list[tuple[str, bool]]:
    """Return the code of each finding about the listener, and whether the finding is about a pin."""
    problems = [each for each in transport(get_config()) if each.keys == ("bind_address",)]
    assert all(("config set" in each.fix) != ("pinned" in each.message) for each in problems)
    return [(each.code, "pinned" in each.message) for each in problems]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("public_url", "code"), [("", "hub.W003"), ("https://hub.example.com", "hub.W006")], ids=["http", "https"]
)
@pytest.mark.parametrize(
    ("pinned", "stored", "warns_of_pin", "warns_of_setting"),
    [
        (EVERYWHERE, "127.0.0.1", True, False),
        (EVERYWHERE, EVERYWHERE, True, False),
        ("127.0.0.1", EVERYWHERE, False, False),
        (None, EVERYWHERE, False, True),
        (None, "127.0.0.1", False, False),
    ],
)
def test_the_address_in_use_counts(
    install: None,
    public_url: str,
    code: str,
    pinned: str | None,
    stored: str,
    warns_of_pin: bool,
    warns_of_setting: bool,
) -> None:
    configure(bind_address=stored, public_url=public_url)
    run_master(**({"bind_address": pinned, "port": "8884"} if pinned else {}))
    expected = [(code, True)] * warns_of_pin + [(code, False)] * warns_of_setting
    assert found() == expected


@pytest.mark.django_db
def test_if_only_some_hubs_are_pinned_the_setting_counts_too(install: None) -> None:
    configure(bind_address=EVERYWHERE)
    run_master(bind_address="127.0.0.1")
    run_master("other")
    assert found() == [("hub.W003", False)]


def test_the_doctor_of_a_pinned_hub_is_not_silenced_by_a_setting_without_effect(
    claimed_hub: HubProcess,
) -> None:
    hub = claimed_hub
    hub.serve("--bind", f"{EVERYWHERE}:{hub.port}", workers=1)
    for address in ("127.0.0.1", EVERYWHERE):
        hub.config("set", f"bind_address={address}")
        said = re.sub(r"\s+", " ", hub.run("config", "doctor").stdout)
        assert f"bind_address is pinned to {EVERYWHERE} for the running hub" in said
        assert "run manage.py config set bind_address" not in hub.shortened(said)
