"""If many processes start at once, exactly one of them sets up the database (requirement R6)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.simultaneous import Crew, crew, script
from tests.support.soak import one_of, times

PROCESSES = 8
MACHINES = times(2, 4)
RUNS = times(1, 10)
"""Number of runs on each of the two databases; 20 in total in ``make soak``."""
SIGN = """
from config_app.propagation import receipts
receipts.sign()
"""
START = """
import json, sys
from hub.bootstrap import bootstrap_application
from config_app.encryption.install_keyring import get_keyring
config = bootstrap_application()
secret = config.workos_cookie_password.reveal()
print(json.dumps([config.port, secret, get_keyring().derive("test").hex()]))
"""


def outcomes(started: Crew) -> list[tuple[int, str, str]]:
    return [tuple(json.loads(line)) for line in started.go()]


def history(hub: HubProcess) -> list[tuple[object, ...]]:
    return hub.sql("SELECT number, channel FROM config_revision ORDER BY number")


@pytest.mark.repeats
def test_eight_processes_on_an_empty_database_are_all_healthy_every_time(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.env_file.write_text("HUB_PORT=9001\n")
    raced = hub.run_script("tests/support/processes/bootstrap_race.py", str(PROCESSES), str(RUNS))
    assert raced.returncode == 0, raced.stderr
    lines = raced.stdout.splitlines()
    assert len(lines) == RUNS
    for found, database in map(json.loads, lines):
        assert found == [found[0]] * PROCESSES, raced.stderr
        assert found[0][0] == 9001
        assert database == [[[1, "env"], [2, "bootstrap"]], 1, 1]


@pytest.mark.repeats
@pytest.mark.parametrize("any_hub_process", ["postgresql", "sqlite"][: times(1, 2)], indirect=True)
def test_commands_on_an_empty_database_are_all_healthy(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.env_file.write_text("HUB_PORT=9001\n")
    number = times(4, PROCESSES)
    with crew([hub] * number, START) as started:
        found = outcomes(started)
    assert len(found) == number
    assert len(set(found)) == 1
    assert found[0][0] == 9001
    assert history(hub) == [(1, "env"), (2, "bootstrap")]
    assert len(hub.sql("SELECT id FROM config_key_slot")) == 1
    assert len(hub.sql("SELECT id FROM setup_token")) == 1
    assert script(hub, START) == json.dumps(found[0])


@pytest.mark.repeats
def test_hubs_on_several_machines_share_one_bootstrap(postgresql_server: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql_server.new_database()
    hubs = [HubProcess(tmp_path / f"machine{n}", database_url=url) for n in range(MACHINES)]
    for hub in hubs:
        hub.environment["HUB_ENCRYPTION_KEY"] = "a key that all of the machines have"
    with crew(hubs, START) as started:
        found = outcomes(started)
    assert len(set(found)) == 1
    assert history(hubs[0]) == [(1, "bootstrap")]
    for hub in hubs:
        assert script(hub, START) == json.dumps(found[0])


def test_another_machine_with_the_key_in_env_keeps_access_without_it(
    postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql_server.new_database()
    first, second = (HubProcess(tmp_path / f"machine{n}", database_url=url) for n in range(2))
    first.bring_up()
    first.env_file.write_text("HUB_ENCRYPTION_KEY=a key that both of the machines have\n")
    second.env_file.write_text("HUB_ENCRYPTION_KEY=a key that both of the machines have\n")
    secret = script(first, START)
    assert script(second, START) == secret
    second.env_file.unlink()
    assert script(second, START) == secret


def test_a_key_that_stays_in_env_is_honoured_at_each_start(hub_process: HubProcess) -> None:
    hub = hub_process
    hub.create_tables()
    hub.env_file.write_text("HUB_ENCRYPTION_KEY=a key that the operator keeps here\nHUB_PORT=9001\n")
    secret = script(hub, START)
    (hub.data_dir / "machine.key").unlink()
    assert script(hub, START) == secret
    hub.env_file.write_text("HUB_ENCRYPTION_KEY=short\n")
    assert "expected at least 32 characters; correct it in" in hub.run("bootstrap").stderr


def test_the_doctor_does_not_advise_to_delete_the_only_copy_of_the_key(hub_process: HubProcess) -> None:
    hub = hub_process
    hub.create_tables()
    hub.env_file.write_text("HUB_ENCRYPTION_KEY=a key that the operator keeps here\n")
    hub.env_file.chmod(0o600)
    hub.manage("bootstrap")
    facts = {fact["name"]: fact for fact in json.loads(hub.config("doctor", "--json"))["facts"]}
    assert facts["env_file"]["problems"] == []
    assert "reads the encryption key from" in facts["env_file"]["finding"]
    hub.env_file.chmod(0o644)
    assert "env_key_exposed" in hub.config("doctor", "--json")


def test_another_shared_key_beside_the_machines_key_opens_after_the_next_start(
    hub_process: HubProcess,
) -> None:
    hub = hub_process
    hub.create_tables()
    hub.environment["HUB_ENCRYPTION_KEY"] = "the shared key with which the hub was claimed"
    secret = script(hub, START)
    hub.environment["HUB_ENCRYPTION_KEY"] = "the shared key that is used from now on"
    script(hub, START)
    hub.manage("config", "keys", "retire", "shared")
    (hub.data_dir / "machine.key").unlink()
    assert script(hub, START) == secret
    hub.environment["HUB_ENCRYPTION_KEY"] = "the shared key with which the hub was claimed"
    assert "it was retired" in hub.run("config", "rotate-key", "--yes").stderr


def rows(hub: HubProcess) -> list[list[tuple[object, ...]]]:
    return [
        hub.sql("SELECT * FROM system_config ORDER BY config_key"),
        hub.sql("SELECT * FROM config_change"),
        hub.sql("SELECT * FROM config_key_slot"),
        hub.sql("SELECT * FROM setup_token"),
    ]


def test_starting_again_changes_nothing(any_hub_process: HubProcess) -> None:
    any_hub_process.bring_up()
    before = rows(any_hub_process)
    any_hub_process.manage("bootstrap")
    assert rows(any_hub_process) == before


def test_hubs_that_spell_the_servers_address_differently_do_not_overwrite_each_other(
    postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql_server.new_database()
    first = HubProcess(tmp_path / "one", database_url=url)
    second = HubProcess(tmp_path / "two", database_url=url.replace("127.0.0.1", "localhost"))
    first.bring_up()
    for hub in (first, second):
        hub.environment["HUB_ENCRYPTION_KEY"] = "a key that both of the machines have"
    first.manage("bootstrap")
    pretend_to_run_elsewhere(first)
    second.manage("bootstrap")
    assert history(first) == [(1, "bootstrap")]
    first.sql("DELETE FROM config_process")
    second.manage("bootstrap")
    assert history(first) == [(1, "bootstrap"), (2, "bootstrap")]


def pretend_to_run_elsewhere(hub: HubProcess) -> None:
    # A process that ends removes its receipt, so this one is cut off.
    elsewhere = "import os, socket; socket.gethostname = lambda: 'elsewhere'\n"
    script(hub, f"{elsewhere}{SIGN}os._exit(0)\n")


@one_of("any_hub_process", "sqlite", "postgresql")
def test_many_processes_upgrade_an_older_database_once(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    hub.config("set", "port", "9001")
    hub.manage("migrate", "admin", "0001", "-v", "0")
    before = history(hub)
    with crew([hub] * 4, START) as started:
        found = outcomes(started)
    assert len(set(found)) == 1
    assert found[0][0] == 9001
    assert history(hub) == before
    assert hub.sql("SELECT name FROM django_migrations WHERE app = 'admin' ORDER BY name")[-1][0] > "0002"
    if hub.database_url is None:
        assert len(list((hub.data_dir / "backups").iterdir())) == 1
