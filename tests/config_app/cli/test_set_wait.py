"""`config set --wait` waits until every process uses the revision; at the time limit, it names the others."""

from __future__ import annotations

import json

import pytest
from django.core.management.base import CommandError

from config_app.models import Process
from config_app.propagation import receipts
from config_app.propagation.convergence import NotEverywhere
from tests.support.config_command import config
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.soak import one_of
from tests.support.waiting import wait_for

EVERYWHERE = "3 of 3 processes at revision {number}, slowest "


def everybody_signed(hub: HubProcess) -> bool:
    return hub.sql("SELECT count(*) FROM config_process") == [(3,)]


def sign_as_another() -> None:
    """Write the receipt of a process that never uses a newer revision."""
    receipts.sign()
    Process.objects.update(machine="web-1", pid=4711, role="worker")


@one_of("any_hub_process", "sqlite", "postgresql")
def test_it_waits_for_every_process_and_names_the_one_that_hangs(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.serve(workers=2)
    wait_for(lambda: everybody_signed(hub), "every process")
    for number, verb in enumerate((("set", "log_level", "debug"), ("unset", "log_level"), ("rollback", "2"))):
        last = hub.config(*verb, "--wait").splitlines()[-1]
        assert last.startswith(EVERYWHERE.format(number=number + 2))
        assert {row[0] for row in hub.sql("SELECT revision FROM config_process")} == {number + 2}
    answer = json.loads(hub.config("set", "log_level=error", "--json", "--wait", "20"))
    assert (answer["revision"], answer["everywhere"], len(answer["processes"])) == (5, True, 3)
    assert_that_who_hangs_is_named(hub)


def assert_that_who_hangs_is_named(hub: HubProcess) -> None:
    pid = min(wait_for_workers(hub, 2))
    ((machine,),) = hub.sql("SELECT DISTINCT machine FROM config_process")
    with hub.frozen(pid):
        done = hub.run("config", "set", "log_level", "debug", "--wait", "1")
        # On a busy machine, the other processes may follow later than within this second.
        behind = "SELECT pid FROM config_process WHERE revision < 6"
        wait_for(lambda: hub.sql(behind) == [(pid,)], "the others to follow")
        again = hub.run("config", "set", "log_level", "debug", "--wait", "0")
    assert done.returncode == again.returncode == 1
    assert done.stdout == "revision 6: log_level error → debug\n"
    named = f"worker {pid} on {machine} is at revision 5;"
    assert named in done.stderr
    assert f"some processes do not use it yet: {named}" in again.stderr
    wait_for(
        lambda: {row[0] for row in hub.sql("SELECT revision FROM config_process")} == {6}, "it to follow"
    )


def test_where_no_process_runs_it_ends_at_once(install: None) -> None:
    assert config("set", "log_level", "debug", "--wait").lines[-1] == "no process is running"


def test_who_is_not_there_is_named(install: None) -> None:
    sign_as_another()
    with pytest.raises(
        NotEverywhere, match=r"worker 4711 on web-1 is at revision 1; manage\.py config show reports"
    ):
        config("set", "log_level", "debug", "--wait", "0")


def test_the_change_stands_although_it_is_not_everywhere(install: None) -> None:
    sign_as_another()
    with pytest.raises(NotEverywhere):
        config("set", "log_level", "debug", "--wait", "0.05")
    assert config("get", "log_level").out == "debug"


def test_what_the_process_has_against_it_is_told(install: None) -> None:
    sign_as_another()
    Process.objects.update(error="the configuration cannot be loaded: ValueError")
    with pytest.raises(NotEverywhere, match="loaded: ValueError"):
        config("set", "log_level", "debug", "--wait", "0")


def test_who_has_yet_to_act_on_the_change_is_waited_for_and_named(install: None) -> None:
    sign_as_another()
    Process.objects.update(revision=2, pending=["server_workers"])
    with pytest.raises(
        NotEverywhere, match=r"at revision 2 and has yet to act on server_workers; manage[.]py config show"
    ):
        config("set", "server_workers", "3", "--wait", "0")


def test_what_is_pending_of_other_settings_is_not_waited_for(install: None) -> None:
    sign_as_another()
    Process.objects.update(revision=2, pending=["port"])
    assert config("set", "log_level", "debug", "--wait", "0").lines[-1].startswith("1 of 1 process")


def test_who_cannot_act_on_it_ends_the_wait_at_once(install: None) -> None:
    sign_as_another()
    Process.objects.update(revision=2, pending=["server_workers"], error="out of memory")
    with pytest.raises(NotEverywhere, match=r"worker 4711 on web-1 .*server_workers \(out of memory\)"):
        config("set", "server_workers", "3", "--wait", "86400")


def test_what_a_process_complained_about_before_is_not_blamed_on_the_change(install: None) -> None:
    sign_as_another()
    Process.objects.update(revision=2, error="an old story")
    assert config("set", "log_level", "debug", "--wait", "0").lines[-1].endswith("with an error")


def test_where_nothing_changes_it_waits_for_the_last_revision(install: None) -> None:
    sign_as_another()
    assert config("unset", "log_level", "--wait").lines[-1] == "1 of 1 process at revision 1"


def test_a_dry_run_waits_for_nothing(install: None) -> None:
    sign_as_another()
    assert "dry run" in config("set", "log_level", "debug", "--dry-run", "--wait", "0").out


@pytest.mark.parametrize("text", ["soon", "-1", "1e9", "99999.9", "nan", "٣"])
def test_a_time_that_is_none_is_a_wrong_call(install: None, text: str) -> None:
    with pytest.raises(CommandError, match="expected a number of seconds"):
        config("set", "log_level=debug", f"--wait={text}")
    assert config("get", "log_level").out == "info"
