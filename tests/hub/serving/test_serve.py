"""``manage.py serve``: errors before anything runs, and the information for a process manager."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from gunicorn.config import Config

from hub.serving import process_hooks
from hub.serving.listen_address import ListenerUnavailable, probe
from tests.support.ports import free_port
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.waiting import wait_for

PORTS = "a whole number from 1 to 65535"
WORKERS = "a whole number from 1 to 64"


@pytest.fixture
def hub(started_hub: HubProcess) -> Iterator[HubProcess]:
    """Give a hub that was started before; its processes are not forks. Stop the hub afterwards."""
    started_hub.is_forked = False
    yield started_hub
    started_hub.stop()


@contextlib.contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[int]:
    """Listen on a free port and yield the port."""
    with socket.create_server((address, 0)) as taken:
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("8884", "HOST:PORT"),
        ("localhost", "HOST:PORT"),
        ("::1:8884", "HOST:PORT"),
        ("", "HOST:PORT"),
        ("unix:/run/hub.sock", "cannot listen on a Unix socket, so expected HOST:PORT"),
        ("/run/hub.sock", "cannot listen on a Unix socket"),
        ("fd://3", "cannot listen on a Unix socket"),
        (":8884", "HOST of HOST:PORT"),
        ("300.1.1.1:80", "HOST of HOST:PORT"),
        ("http://localhost:80", "HOST:PORT"),
        ("two words:80", "HOST of HOST:PORT"),
        ("127.0.0.1:", PORTS),
        ("127.0.0.1:0", PORTS),
        ("127.0.0.1:65536", PORTS),
        ("127.0.0.1:http", PORTS),
        ("127.0.0.1:-1", PORTS),
        ("[::1]:80 ;", PORTS),
    ],
)
def test_a_listener_that_cannot_be_is_refused_with_what_was_expected(bind: str, expected: str) -> None:
    with pytest.raises(CommandError, match=re.escape(expected)):
        call_command("serve", f"--bind={bind}")


@pytest.mark.parametrize("workers", ["0", "65", "-1", "two", "1.5", ""])
def test_a_number_of_workers_that_cannot_be_is_refused(workers: str) -> None:
    with pytest.raises(CommandError, match=WORKERS):
        call_command("serve", f"--workers={workers}")


def test_a_wrong_call_exits_with_2_and_starts_nothing(hub_process: HubProcess) -> None:
    done = hub_process.run("serve", "--bind", "127.0.0.1:http")
    assert done.returncode == 2
    assert PORTS in done.stderr
    assert "Traceback" not in done.stderr
    assert not hub_process.data_dir.exists()


def test_a_port_in_use_is_one_line_and_exit_status_1(hub: HubProcess) -> None:
    with listening() as port:
        done = hub.run("serve", "--bind", f"127.0.0.1:{port}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"port {port} is in use" in line
    assert "--bind" in line
    assert done.stdout == ""


def test_gunicorn_refuses_it_the_same_way(hub: HubProcess) -> None:
    with listening() as port:
        done = gunicorn(hub, f"--bind=127.0.0.1:{port}")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert len(errors) == 1
    assert f"error: port {port} is in use" in errors[0]


def test_an_address_of_another_machine_is_refused() -> None:
    for host in ("192.0.2.1", "2001:db8::1", "no.such.name.invalid"):
        with pytest.raises(ListenerUnavailable, match="not an address of this machine"):
            probe(host, 8884)


def test_a_port_that_needs_privileges_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(socket.socket):
        def bind(self, _address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(ListenerUnavailable, match="this user may not listen on port 80") as refusal:
        probe("127.0.0.1", 80)
    assert "1024" in str(refusal.value)


def test_looking_whether_a_port_is_free_leaves_it_free() -> None:
    port = free_port()
    for _ in range(2):
        probe("127.0.0.1", port)


def test_a_database_that_cannot_be_used_is_one_line_and_exit_status_1(hub: HubProcess) -> None:
    hub.database.write_bytes(b"this is no database" * 100)
    for done in (hub.run("serve", "--bind", f"127.0.0.1:{hub.port}"), gunicorn(hub)):
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert str(hub.database) in line


def test_it_becomes_the_master_and_takes_its_rows_with_it(hub: HubProcess) -> None:
    hub.serve(workers=2)
    assert hub.server is not None
    wait_for_workers(hub, 2)
    processes = wait_for(lambda: rows(hub, 3), "three processes to sign")
    assert [pid for role, pid, _ in processes if role == "master"] == [hub.server.pid]
    pins = {"bind_address": "127.0.0.1", "port": str(hub.port), "server_workers": "2"}
    assert all(json.loads(pinned) == pins for _, _, pinned in processes)
    hub.server.send_signal(signal.SIGTERM)
    assert hub.server.wait(20) == 0
    assert hub.sql("SELECT pid FROM config_process") == []
    assert "Traceback" not in hub.log.read_text()


def test_a_terminal_s_interrupt_stops_it_as_cleanly(hub: HubProcess) -> None:
    hub.serve(workers=1)
    assert hub.server is not None
    pids = [pid for _, pid, _ in wait_for(lambda: rows(hub, 2), "two processes to sign")]
    with hub.frozen(*pids):  # none must end before the last one has its signal
        for pid in pids:
            os.kill(pid, signal.SIGINT)  # to every process, as Ctrl-C in a terminal does
    assert hub.server.wait(20) == 0
    assert hub.sql("SELECT pid FROM config_process") == []


def test_plain_gunicorn_is_the_same_thing_from_anywhere(hub: HubProcess, tmp_path: Path) -> None:
    hub.config("set", f"port={hub.port}", "server_workers=3")
    hub.server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "hub" / "gunicorn.py")],
        cwd=tmp_path,
        env=hub.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    processes = wait_for(lambda: rows(hub, 4), "the master and three workers to sign")
    assert all(json.loads(pinned) == {} for _, _, pinned in processes)
    assert hub.get("/health/ready").status == 200
    assert hub.get("/static/hub/css/base.css").status == 200


def test_a_reload_while_the_database_is_away_makes_no_new_one_and_goes_on(hub: HubProcess) -> None:
    hub.serve(workers=1)
    assert hub.server is not None
    before = hub.health()["pid"]
    hub.database.rename(hub.data_dir / "away.db")
    hub.server.send_signal(signal.SIGHUP)
    after = wait_for(lambda: {hub.health()["pid"]} - {before}, "a new worker to answer")
    assert not hub.database.exists()
    (hub.data_dir / "away.db").rename(hub.database)
    wait_for(lambda: hub.get("/health/ready").status == 200, "the new worker to recover")
    wait_for(lambda: hub.health()["pid"] in after, "the old worker to be gone")


def test_the_link_to_claim_it_is_for_terminals_only(hub: HubProcess) -> None:
    hub.serve(workers=1)
    hub.stop()
    said = hub.log.read_text()
    token = (hub.data_dir / "setup-token").read_text().strip()
    assert f"Hub is served at {hub.url}" in said
    assert str(hub.data_dir / "setup-token") in said
    assert token not in said
    assert f"{hub.url}/setup/#token={token}" in said_to_a_terminal(hub)


def test_a_claimed_hub_says_only_where_it_is(hub: HubProcess) -> None:
    hub.claim()
    hub.serve(workers=1)
    hub.stop()
    said = hub.shortened(hub.log.read_text())
    assert f"Hub is served at {hub.url}\nCommands for this hub: manage.py COMMAND\n" in said
    assert "token" not in said
    assert "claim" not in said


def said_to_a_terminal(hub: HubProcess) -> str:
    """Run ``serve`` on a terminal up to the line about claiming; return the output."""
    screen, terminal = pty.openpty()
    command = hub.command("serve", "--bind", f"127.0.0.1:{hub.port}", "--workers", "1")
    hub.server = subprocess.Popen(
        command,
        cwd=hub.folder,
        env=hub.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    said = b""
    while b"not claimed yet" not in said:
        said += os.read(screen, 4096)
    hub.server.send_signal(signal.SIGTERM)
    with contextlib.suppress(OSError):  # the terminal closes with its last process
        while more := os.read(screen, 4096):
            said += more
    hub.stop()
    os.close(screen)
    return said.decode()


def gunicorn(hub: HubProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run gunicorn until it exits by itself; fail after 60 seconds."""
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "hub" / "gunicorn.py"), *arguments],
        cwd=hub.folder,
        env=hub.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def rows(hub: HubProcess, count: int) -> list[tuple[str, int, str]] | None:
    """Return role, pid and pins of every process; ``None`` unless there are ``count`` receipts."""
    found = hub.sql("SELECT role, pid, pins FROM config_process")
    return [(role, pid, pins) for role, pid, pins in found] if len(found) == count else None


@pytest.mark.parametrize(
    ("arguments", "pins"),
    [
        ([], {}),
        (["--bind", "192.0.2.1:99"], {"bind_address": "192.0.2.1", "port": "99"}),
        (
            ["--bind", "[::1]:99", "--workers", "3"],
            {"bind_address": "::1", "port": "99", "server_workers": "3"},
        ),
        (["-w", "4"], {"server_workers": "4"}),
        (["--bind", "unix:/run/hub.sock"], {}),
        (["app:application", "--log-level", "debug"], {}),
    ],
)
def test_what_the_command_line_gives_is_pinned(arguments: list[str], pins: dict[str, str]) -> None:
    cfg = Config(prog="gunicorn")
    given = cfg.parser().parse_known_args(arguments)[0]
    for name in ("bind", "workers"):
        if getattr(given, name) is not None:
            cfg.set(name, getattr(given, name))
    assert process_hooks.pins(cfg, arguments) == pins


def test_developers_can_use_django_s_server_from_the_first_moment(hub_process: HubProcess) -> None:
    command = hub_process.command("runserver", "--noreload", f"127.0.0.1:{hub_process.port}")
    with hub_process.log.open("w") as log:
        hub_process.server = subprocess.Popen(
            command, cwd=hub_process.folder, env=hub_process.environment, stdout=log, stderr=log, text=True
        )

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return hub_process.get("/setup/").status == 200
        return False

    wait_for(answers, "the development server to answer", 60)
    assert hub_process.get("/static/hub/css/base.css").status == 200
    assert hub_process.health()["state"] == "unconfigured"
