"""In a shell that lacks the variables of a hub, no command silently makes a second hub."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hub.environment.instance import resolve_instance
from hub.start import claim_record, diagnosis
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import PASSWORD, HubProcess
from tests.support.processes.served_hub import wait_for_workers

THE_LINE = 'if a hub runs already, use the command in the line "Commands for this hub" of its log'


def refusal(hub: HubProcess, *arguments: str) -> str:
    """Run a command that must fail with one line; return the line."""
    done = hub.run(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("options", [(), ("--new",)])
def test_the_link_of_a_hub_that_was_never_started_is_refused(
    hub_process: HubProcess, options: tuple[str, ...]
) -> None:
    line = refusal(hub_process, "setup_token", *options)
    assert f"there is no database yet: {hub_process.database} does not exist" in line
    assert THE_LINE in line
    assert "manage.py serve" in line
    assert not hub_process.data_dir.exists()


def test_the_refusal_says_that_the_shell_lacks_the_data_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A command without the variable would use the data folder of this clone, which a developer may have.
    missing = tmp_path / "never-started"
    for module in (diagnosis, claim_record):
        monkeypatch.setattr(module, "instance", lambda: resolve_instance({}, missing))
    monkeypatch.setattr("hub.database.file.location", lambda: missing / "data" / "hub.db")
    monkeypatch.setenv("HUB_DATA_DIR", "/elsewhere")
    problem = diagnosis.lacking()
    assert problem is not None
    assert "HUB_DATA_DIR" not in problem.message
    monkeypatch.delenv("HUB_DATA_DIR")
    problem = diagnosis.lacking()
    assert problem is not None
    assert f"{missing / 'data' / 'hub.db'} does not exist, and HUB_DATA_DIR is not set" in problem.message


def test_a_hub_on_a_server_gets_no_second_database_in_its_directory(
    postgresql_server: PostgreSQL, hub_process: HubProcess
) -> None:
    hub_process.environment["HUB_DATABASE_URL"] = postgresql_server.new_database()
    hub_process.manage("bootstrap")
    del hub_process.environment["HUB_DATABASE_URL"]
    for arguments in (("setup_token",), ("config", "set", "port=9000")):
        line = refusal(hub_process, *arguments)
        assert f"although a hub was started with the directory {hub_process.data_dir}" in line
        assert "HUB_DATABASE_URL and HUB_DATABASE_PATH are not set in this process" in line
    assert not hub_process.database.exists()


def test_a_claim_without_a_browser_says_where_it_makes_a_new_hub(hub_process: HubProcess) -> None:
    options = ("--mode", "local", "--admin-email", "owner@example.com", "--password-file", "-")
    said = hub_process.run("setup", *options, text=PASSWORD).stderr
    assert f"{hub_process.database} does not exist; this command makes a new hub" in said
    assert "new hub" not in hub_process.run("setup", *options, text=PASSWORD).stderr


def test_the_link_warns_of_another_program_at_its_address(started_hub: HubProcess) -> None:
    port = started_hub.port
    started_hub.config("set", f"port={port}")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = started_hub.run("setup_token")
    assert f"port {port} is in use" in done.stderr
    assert f"but the hub in {started_hub.data_dir} does not run" in done.stderr
    assert "does not run" not in started_hub.run("setup_token").stderr


def test_the_link_of_a_running_hub_warns_of_nothing(started_hub: HubProcess) -> None:
    started_hub.serve(workers=1)
    wait_for_workers(started_hub, 1)  # a hub without a receipt does not count as running
    assert started_hub.run("setup_token").stderr == ""
