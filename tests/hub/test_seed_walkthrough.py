"""The manual test and the troubleshooting in the document that Hub is built from, command by command."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.processes.served_hub import ask_every_worker, post, visitor
from tests.support.processes.simultaneous import script
from tests.support.waiting import wait_for

MEMBER = "member@example.com"
AT_ONCE = 10.0
"""Seconds within which a running server must use a change made in SQL, even on a machine that stands still.

It usually takes a tenth of a second. A worker that noticed nothing would find the change after 45 seconds.
"""
STEPS = {
    "mode": {"app_mode": "local"},
    "account": {"email": OWNER, "name": "Olive", "password1": PASSWORD, "password2": PASSWORD},
    "network": {"bind_address": "127.0.0.1"},
    "security": {"super_admin_emails": OWNER},
}


@pytest.fixture
def hub(hub_process: HubProcess) -> HubProcess:
    """Give a hub that is served and not claimed."""
    hub_process.serve_as_configured()
    return hub_process


@pytest.fixture
def clean_hub(hub_process: HubProcess) -> HubProcess:
    """Give a hub whose database was removed (step 1) and that was then started (step 2)."""
    hub_process.bring_up()
    hub_process.env_file.write_text(f"HUB_PORT={hub_process.port}\n")
    hub_process.database.unlink()
    hub_process._start(hub_process.command("serve"), {})
    return hub_process


def state(hub: HubProcess) -> str:
    return hub.config("show").splitlines()[0]


def walk_through_the_wizard(hub: HubProcess) -> None:
    """Open the link that the hub prints, and complete every step."""
    token = hub.manage("setup_token").split("token=")[-1].strip()
    with visitor(hub) as client:
        assert client.get("/").headers["Location"] == "/setup/"
        fill(client, "/setup/", token=token)
        for name, fields in STEPS.items():
            fill(
                client, f"/setup/{name}/", **fields, **({"port": str(hub.port)} if name == "network" else {})
            )
        fill(client, "/setup/review/")
        assert "This hub is yours" in client.get("/welcome/").text


def fill(client: httpx2.Client, path: str, **fields: str) -> None:
    """Send the form of a page."""
    assert post(client, path, path, **fields).status_code == 302, path


def leads_to(hub: HubProcess) -> str:
    """Return the address that the front page redirects to; each call may reach another worker."""
    return hub.get("/").headers.get("Location", "")


def require_at_once(hub: HubProcess, location: str, state: str) -> None:
    """Check that all workers soon redirect to ``location`` and report ``state``."""

    def all_do() -> bool:
        states = {report["state"] for report in ask_every_worker(hub, 2).values()}
        return states == {state} and {leads_to(hub).partition("?")[0] for _ in range(16)} == {location}

    wait_for(all_do, f"every worker to be {state}", AT_ONCE)


def test_from_a_clean_slate_to_a_configured_hub(clean_hub: HubProcess) -> None:
    hub = clean_hub
    assert state(hub) == "Bootstrap State: unconfigured"
    walk_through_the_wizard(hub)
    assert state(hub) == "Bootstrap State: configured"
    table = hub.config("show")
    assert re.search(r"│ Port +│ \d+", table)
    assert hub.get("/setup/").status == 404


def test_the_wizard_does_not_appear_reset_opens_it(hub: HubProcess) -> None:
    walk_through_the_wizard(hub)
    assert leads_to(hub).startswith("/auth/login")
    hub.config("reset", "--yes")
    wait_for(lambda: leads_to(hub) == "/setup/", "the wizard")
    assert state(hub) == "Bootstrap State: unconfigured"


def test_the_wizard_does_not_appear_raw_sql_opens_it_in_the_running_server(hub: HubProcess) -> None:
    walk_through_the_wizard(hub)
    for mode, location, found in (
        ("unconfigured", "/setup/", "unconfigured"),
        ("local", "/auth/login", "configured"),
    ):
        hub.sql(f"UPDATE system_config SET config_value = '{mode}' WHERE config_key = 'app_mode'")  # noqa: S608
        require_at_once(hub, location, found)


def test_changes_to_the_environment_have_no_effect_and_are_reported(clean_hub: HubProcess) -> None:
    hub = clean_hub
    hub.env_file.write_text("HUB_PORT=9099\n")
    assert hub.config("get", "port") == str(hub.port)
    assert "HUB_PORT" in hub.config("show")
    hub.stop()
    hub._start(hub.command("serve"), {"HUB_LOG_LEVEL": "debug"})
    assert (hub.config("get", "port"), hub.config("get", "log_level")) == (str(hub.port), "info")


def test_a_super_admin_is_one_at_once_and_only_while_listed(hub: HubProcess) -> None:
    walk_through_the_wizard(hub)
    script(hub, f"from hub.models import User; User.objects.create_user({MEMBER!r}, {PASSWORD!r})")
    with visitor(hub) as client:
        assert post(client, "/auth/login", username=MEMBER, password=PASSWORD).status_code == 302
        for emails, status in ((OWNER, 403), (f"{OWNER},{MEMBER}", 200), (OWNER, 403)):
            hub.config("set", "--key", "super_admin_emails", "--value", emails)
            assert client.get("/api/config").status_code == status
