"""One sentence says how many processes use a revision."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from config_app.api import get_config, plan
from config_app.declaration.setting import TakesEffect
from config_app.live import effects, runtime
from config_app.models import Process
from config_app.propagation import progress, receipts
from hub.models import User
from tests.conftest import claim_for
from tests.support.browsers.clients import browser
from tests.support.config_command import config

pytestmark = pytest.mark.usefixtures("install")


def add_process(
    pid: int, revision: int = 1, *, latency_ms: int | None = None, error: str = "", silent: float = 0
) -> None:
    now = timezone.now()
    seen = now - dt.timedelta(seconds=silent)
    times = {"since": now, "started_at": now, "seen_at": seen}
    about = {"latency_ms": latency_ms, "error": error, "role": "worker"}
    Process.objects.create(machine="web-1", pid=pid, revision=revision, **about, **times)


def editor_page() -> str:
    """Return the editor's page as the owner sees it."""
    client = browser()
    client.force_login(claim_for("owner@example.com"))
    return client.get("/admin/config_app/systemconfig/").content.decode()


def test_it_counts_the_processes_and_names_the_slowest() -> None:
    for pid, latency in ((1, 12), (2, 80), (3, None)):
        add_process(pid, latency_ms=latency)
    assert str(progress.summary()) == "3 of 3 processes at revision 1, slowest 80 ms"


def test_a_process_that_is_behind_is_counted_out_and_its_latency_is_not_told() -> None:
    add_process(1, revision=2, latency_ms=5)
    add_process(2, revision=1, latency_ms=999)
    found = progress.summary(2)
    assert str(found) == "1 of 2 processes at revision 2, slowest 5 ms"
    assert [process.pid for process in found.behind] == [2]


def test_a_process_that_is_ahead_counts() -> None:
    add_process(1, revision=7)
    assert str(progress.summary(3)) == "1 of 1 process at revision 3"


def test_a_process_that_started_with_the_revision_has_no_latency() -> None:
    add_process(1)
    assert str(progress.summary()) == "1 of 1 process at revision 1"


def test_errors_are_counted() -> None:
    add_process(1, error="port: refused")
    add_process(2)
    assert str(progress.summary()) == "2 of 2 processes at revision 1, 1 with an error"


def test_long_latencies_are_told_in_seconds() -> None:
    add_process(1, latency_ms=754_000)
    assert str(progress.summary()).endswith("slowest 754 s")


def test_without_processes_it_says_so() -> None:
    assert str(progress.summary()) == "no process is running"


def test_a_dead_process_ages_out_after_three_heartbeats() -> None:
    add_process(1, silent=2.8 * receipts.HEARTBEAT)
    add_process(2, silent=3.2 * receipts.HEARTBEAT)
    assert [process.pid for process in receipts.running()] == [1]


def test_a_dead_process_is_removed_by_the_next_sign_of_life() -> None:
    add_process(1, silent=3.2 * receipts.HEARTBEAT)
    receipts.sign()
    assert not Process.objects.filter(pid=1).exists()


def test_show_prints_it_and_names_who_is_behind() -> None:
    plan({"log_level": "debug"}).apply()
    add_process(1, revision=2, latency_ms=8)
    add_process(2, revision=1, error="the configuration cannot be loaded: ValueError")
    lines = config("show").lines
    assert "1 of 2 processes at revision 2, slowest 8 ms, 1 with an error" in lines
    reason = "(the configuration cannot be loaded: ValueError)"
    assert f"warning: worker 2 on web-1 is at revision 1 {reason}" in lines


def test_show_gives_programs_every_receipt() -> None:
    add_process(1, latency_ms=8)
    (receipt,) = config("show", "--json").json["processes"]
    assert (receipt["machine"], receipt["pid"], receipt["role"]) == ("web-1", 1, "worker")
    assert (receipt["revision"], receipt["latency_ms"], receipt["pending"]) == (1, 8, [])


def test_the_dashboard_and_the_editor_say_it_too(owner_client: Client) -> None:
    number = runtime.get_snapshot().revision
    add_process(1, revision=number, latency_ms=8)
    for path in ("/", "/admin/config_app/systemconfig/"):
        page = owner_client.get(path).content.decode()
        assert f"1 of 1 process at revision {number}, slowest 8 ms" in page


def test_staff_who_may_not_see_the_configuration_are_not_told_what_a_process_has_against_it() -> None:
    owner = claim_for("owner@example.com")
    add_process(1, revision=2, error="port: the stored value is not valid")
    staff = User.objects.create_user("staff@example.com", is_staff_member=True)
    for person, is_told in ((owner, True), (staff, False)):
        client = browser()
        client.force_login(person)
        page = client.get("/").content.decode()
        assert "1 of 1 process at revision 2, 1 with an error" in page
        assert ("the stored value is not valid" in page) is is_told


def test_a_new_revision_is_signed_with_its_latency() -> None:
    receipts.sign()
    assert Process.objects.get().latency_ms is None
    plan({"log_level": "debug"}).apply()
    runtime.reload()
    receipts.sign()
    signed = Process.objects.get()
    assert signed.revision == 2
    assert signed.latency_ms is not None
    assert signed.latency_ms < 10_000


def test_a_setting_that_needs_new_listeners_is_pending_until_they_moved() -> None:
    receipts.sign()
    plan({"port": 9001, "log_level": "debug"}).apply()
    runtime.reload()
    receipts.sign()
    assert Process.objects.get().pending == ["port"]
    assert "pending in 1 processes" in config("show", "--all").out
    assert "Pending in 1 of 1 processes: takes effect when the server rebinds" in editor_page()
    effects.acted_on(get_config(), TakesEffect.LISTENERS)
    receipts.sign()
    assert Process.objects.get().pending == []


def test_a_setting_that_returns_to_what_runs_is_not_pending() -> None:
    receipts.sign()
    for workers in (5, 2):
        plan({"server_workers": workers}).apply()
    runtime.reload()
    receipts.sign()
    assert Process.objects.get().pending == []


def test_a_pinned_setting_is_never_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    receipts.describe("worker", {"port": "8000"})
    receipts.sign()
    plan({"port": 9001}).apply()
    runtime.reload()
    receipts.sign()
    assert Process.objects.get().pending == []


def test_nothing_is_written_while_there_is_nothing_to_say() -> None:
    receipts.sign()
    assert not receipts.is_due()
    plan({"log_level": "debug"}).apply()
    runtime.reload()
    assert receipts.is_due()
