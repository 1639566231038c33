"""The dashboard shows the current configuration, its processes and its problems to those who may see them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config_app.change import confirmation
from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.errors import DatabaseUnavailable
from config_app.live import freshness, runtime
from config_app.models import Process, Revision, SystemConfig
from config_app.propagation import receipts
from hub.models import User
from tests.support.browsers.clients import browser, configure
from tests.support.keys import locked_here

CANARY = "sk_test_canary7f3a"
VIEW = ("config_app.view_systemconfig",)


def staff(*permissions: str) -> Client:
    """Return a browser in which a staff user with the given permissions is signed in."""
    person = User.objects.create_user("staff@example.com", is_staff_member=True)
    for name in permissions:
        app, codename = name.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = browser()
    client.force_login(person)
    return client


def run_process(pid: int, revision: int, **facts: Any) -> None:
    now = timezone.now()
    times = {"since": now, "started_at": now, "seen_at": now}
    Process.objects.create(machine="box", pid=pid, role="worker", revision=revision, **times, **facts)


def text(client: Client) -> str:
    """Return the text of the page."""
    page = client.get("/")
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))


def test_a_super_admin_sees_state_mode_revision_and_address(owner_client: Client) -> None:
    page = text(owner_client)
    for fact in ("Configured", "Revision 2 is live", "Local", "127.0.0.1:8884"):
        assert fact in page


def test_it_shows_the_address_that_people_open_or_the_pinned_listener(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts.describe("worker", {"bind_address": "::1", "port": "9999"})
    assert "[::1]:9999" in text(owner_client)
    configure(public_url="https://hub.example.com")
    assert "https://hub.example.com" in text(owner_client)


def test_it_shows_what_runs_and_not_what_the_environment_says(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original server compared its configuration with the environment (B13)."""
    monkeypatch.setenv("HUB_PORT", "4444")
    page = text(owner_client)
    assert "127.0.0.1:8884" in page
    assert "HUB_PORT" in page
    assert "differs from port" in page


def test_it_shows_recent_changes_with_who_and_why(owner_client: Client) -> None:
    configure(port=8885)
    page = text(owner_client)
    for fact in ("Revision 3", "port", "8885", "test", "cli"):
        assert fact in page


def test_it_shows_no_secret_and_no_history_without_end(owner_client: Client) -> None:
    configure(workos_api_key=Secret(CANARY))
    assert CANARY not in owner_client.get("/").text
    for port in range(9000, 9020):
        configure(port=port)
    assert "9019" in text(owner_client)
    assert "9005" not in text(owner_client)


def test_it_shows_what_every_process_runs(owner_client: Client) -> None:
    run_process(11, 2)
    run_process(12, 1)
    page = text(owner_client)
    assert "box 11" in page
    assert "box 12" in page
    assert "1 of 2" in page
    assert page.count("Behind") == 1


def test_processes_that_gave_no_sign_of_life_are_not_shown(owner_client: Client) -> None:
    run_process(11, 2)
    Process.objects.update(seen_at=timezone.now() - dt.timedelta(minutes=5))
    assert "box 11" not in text(owner_client)


def test_it_says_what_needs_attention_and_how_to_mend_it(owner_client: Client) -> None:
    assert "Needs attention None" in text(owner_client)
    SystemConfig.objects.create(config_key="port", config_value="banana")
    runtime.reload()
    page = text(owner_client)
    assert "1 problem" in page
    assert "port: the stored value is not valid, expected a whole number from 1 to 65535" in page


def let_wait() -> Revision:
    """Make a change that waits to be confirmed; return its revision."""
    revision = plan({"trusted_proxies": "10.0.0.0/8"}).apply(actor="ada", confirm_within=300)
    assert revision is not None
    runtime.reload()
    return revision


def test_it_says_what_reverts_unless_it_is_confirmed(owner_client: Client) -> None:
    number = let_wait().number
    assert f"Warning: Revision {number} will be reverted unless it is confirmed" in text(owner_client)
    assert "1 problem" in text(owner_client)
    confirmation.confirm(number)
    assert "Needs attention None" in text(owner_client)


def test_it_does_not_look_for_what_waits_where_nothing_does(owner_client: Client) -> None:
    owner_client.get("/")
    with CaptureQueriesContext(connection) as captured:
        owner_client.get("/")
    assert [q["sql"] for q in captured if 'FROM "config_confirmation"' in q["sql"]] == []


def test_it_says_since_when_the_configuration_is_only_the_last_known(owner_client: Client) -> None:
    freshness.note_unavailable(DatabaseUnavailable("gone"))
    page = text(owner_client)
    assert "Degraded" in page
    assert "last known revision" in page


def test_staff_who_may_only_view_see_values_but_no_way_to_change_them(owner: User) -> None:
    configure(port=8885, workos_api_key=Secret(CANARY))
    client = staff(*VIEW)
    page = text(client)
    assert "8885" in page
    assert CANARY not in client.get("/").text
    assert "Configuration" in page
    assert "People" not in page


def test_staff_without_any_permission_see_that_it_runs_and_no_values(owner: User) -> None:
    configure(csp_report_uri="https://value.example/7f3a")
    SystemConfig.objects.create(config_key="port", config_value="banana")
    runtime.reload()
    client = staff()
    page = text(client)
    assert "is live" in page
    for hidden in ("7f3a", "banana", "expected a whole number", "History", "People"):
        assert hidden not in page, hidden
    for claim in ("/admin/config_app/", "Nothing", "No changes yet"):
        assert claim not in client.get("/").text


def test_navigation_leads_only_where_one_may_go(owner: User) -> None:
    client = staff("hub.view_user", "config_app.view_revision")
    page = client.get("/").text
    for url in set(re.findall(r'href="(/admin/[^"]+)"', page)):
        assert client.get(url).status_code == 200, url
    assert "/admin/config_app/systemconfig/" not in page


def test_members_see_a_plain_page(owner: User) -> None:
    member = browser()
    member.force_login(User.objects.create_user("member@example.com"))
    page = text(member)
    assert "no administration rights" in page
    assert "Revision" not in page


def test_strangers_are_sent_to_sign_in(owner: User) -> None:
    assert browser().get("/").headers["Location"] == "/auth/login?next=/"


def test_it_can_only_be_read(owner_client: Client) -> None:
    assert owner_client.post("/").status_code == 405
    assert "no-store" in owner_client.get("/").headers["Cache-Control"]


def test_its_queries_do_not_grow_with_what_it_shows(
    owner_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        configure(port=9000 + number, log_level=("debug", "info")[number % 2])
        run_process(number, number)
    with django_assert_max_num_queries(9):
        owner_client.get("/")


def test_addresses_of_problems_and_changes_are_escaped(owner_client: Client) -> None:
    SystemConfig.objects.create(config_key="<script>alert(1)</script>", config_value="<img src=x>")
    runtime.reload()
    assert "<script>alert" not in owner_client.get("/").text


def test_it_names_the_secrets_that_a_lost_key_affects_and_says_what_to_do(owner: User) -> None:
    configure(workos_api_key=Secret(CANARY))
    with locked_here():
        client = browser()
        client.force_login(owner)
        client.cookies["hub_unlock_later"] = "1"
        page = text(client)
        assert "1 problem" in page
        assert "workos_api_key: the stored secret cannot be decrypted" in page
        assert "run manage.py unlock" in page
        assert CANARY not in page
    client.force_login(owner)  # while the key was missing, a key of this process signed the sessions
    assert "Needs attention None" in text(client)
