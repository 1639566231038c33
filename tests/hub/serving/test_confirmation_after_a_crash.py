"""An unconfirmed change of the address never keeps a hub from starting again (W6, R11)."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sys
from collections.abc import Iterator

import pytest

from tests.support.ports import free_port
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.soak import IS_SOAK, one_of
from tests.support.waiting import wait_for

FORMS = list(itertools.product(["sqlite", "postgresql"], ["serve", "gunicorn"]))
SOME_FORMS = [("sqlite", "gunicorn"), ("postgresql", "serve")]
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "hub" / "gunicorn.py")]


@contextlib.contextmanager
def occupied(port: int) -> Iterator[None]:
    """Let another server listen on ``port``."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def move_and_crash(hub: HubProcess) -> tuple[int, int]:
    """Move a served hub to another port, unconfirmed; kill all its processes and return both ports."""
    hub.serve_as_configured()
    old, new = hub.port, free_port()
    hub.config("set", f"port={new}", "--confirm", "1h")
    hub.port = new
    wait_for(lambda: answers(hub), "the hub at its new port")
    wait_for_workers(hub, 2)
    hub.kill()
    wait_for(lambda: not answers(hub), "every process to be gone")
    return old, new


def answers(hub: HubProcess) -> bool:
    try:
        return hub.get("/health/live").status == 200
    except OSError:
        return False


def last_revision(hub: HubProcess) -> tuple[str, str, str]:
    return hub.sql("SELECT channel, actor, reason FROM config_revision ORDER BY number DESC LIMIT 1")[0]


def outcomes(hub: HubProcess) -> list[str]:
    return [outcome for (outcome,) in hub.sql("SELECT outcome FROM config_confirmation")]


def start(hub: HubProcess, port: int, command: list[str] | None = None) -> None:
    hub.port = port
    hub._start(command or hub.command("serve"), {})


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("any_hub_process", "form"), FORMS if IS_SOAK else SOME_FORMS, indirect=["any_hub_process"]
)
def test_before_the_deadline_a_port_that_is_taken_is_given_up(any_hub_process: HubProcess, form: str) -> None:
    hub = any_hub_process
    old, new = move_and_crash(hub)
    with occupied(new):
        start(hub, old, GUNICORN if form == "gunicorn" else None)
    channel, actor, reason = last_revision(hub)
    assert (channel, actor) == ("revert", "auto-revert")
    assert reason.startswith(f"revision 3 was not confirmed, and port {new} is in use")
    assert f"{reason}; the revision is reverted" in hub.log.read_text()
    assert outcomes(hub) == ["reverted"]


@one_of("any_hub_process", "sqlite", "postgresql")
def test_after_the_deadline_it_is_reverted_before_the_hub_listens(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    old, new = move_and_crash(hub)
    hub.sql("UPDATE config_confirmation SET deadline = '2020-01-01 00:00:00'")
    with occupied(new):
        start(hub, old)
    assert last_revision(hub) == ("revert", "auto-revert", "revision 3 was not confirmed in time")


@one_of("any_hub_process", "postgresql", "sqlite")
def test_before_the_deadline_a_port_that_is_free_goes_on_waiting(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    _old, new = move_and_crash(hub)
    start(hub, new)
    assert outcomes(hub) == [""]
    assert hub.config("get", "port") == str(new)


def test_a_start_elsewhere_leaves_it_waiting(hub_process: HubProcess) -> None:
    hub = hub_process
    _old, new = move_and_crash(hub)
    with occupied(new):
        hub.port = free_port()
        hub.serve(workers=1)
        assert outcomes(hub) == [""]


def test_a_second_start_does_not_revert_what_the_first_one_listens_at(hub_process: HubProcess) -> None:
    hub = hub_process
    _old, new = move_and_crash(hub)
    start(hub, new)
    wait_for(lambda: hub.health()["revision"] == 3, "a worker with the configuration")
    second = hub.run("serve")
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)
    assert f"port {new} is in use" in second.stderr
    assert outcomes(hub) == [""]


def test_an_address_that_nobody_may_confirm_away_is_refused_as_before(hub_process: HubProcess) -> None:
    hub = hub_process
    hub.bring_up()
    port = free_port()
    hub.config("set", f"port={port}")
    with occupied(port):
        refused = hub.run("serve")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert hub.config("get", "port") == str(port)
