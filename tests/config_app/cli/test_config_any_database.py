"""`manage.py config` on a missing, empty, damaged, old or too new database, and on a database server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.config_app.cli.test_config_command import content
from tests.support.config_command import CANARY
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.verb_calls import GOOD_CALL


@pytest.mark.parametrize("verb", ["get", "set", "reset", "validate"])
def test_without_a_database_every_verb_names_the_cure_and_creates_nothing(
    hub_process: HubProcess, verb: str
) -> None:
    done = hub_process.run("config", verb, *GOOD_CALL[verb])
    assert done.returncode == 1
    (line,) = hub_process.shortened(done.stderr).splitlines()
    assert line.startswith(f"error: there is no database yet: {hub_process.database} does not exist; ")
    assert line.endswith("to start a new hub, run manage.py bootstrap or manage.py serve")
    assert not hub_process.data_dir.exists()


def test_without_a_database_show_says_so(hub_process: HubProcess) -> None:
    assert hub_process.config("show").splitlines()[0] == "Bootstrap State: no_database"
    found = json.loads(hub_process.config("show", "--json"))
    assert (found["state"], found["revision"], found["settings"]) == ("no_database", 0, {})
    assert not hub_process.data_dir.exists()


def test_an_empty_database_is_a_state_too(hub_process: HubProcess) -> None:
    hub_process.data_dir.mkdir(mode=0o700)
    hub_process.database.touch()
    assert hub_process.config("show").splitlines()[0] == "Bootstrap State: empty_database"
    assert hub_process.run("config", "get", "port").returncode == 1
    assert hub_process.database.stat().st_size == 0


@pytest.mark.parametrize(
    "table",
    [
        "system_config",
        "config_change",
        "config_revision",
        "config_state",
        "config_process",
        "config_key_slot",
    ],
)
@pytest.mark.parametrize("verb", ["show", "set"])
def test_a_dropped_table_is_one_line_or_no_matter(started_hub: HubProcess, verb: str, table: str) -> None:
    started_hub.sql(f"DROP TABLE {table}")
    done = started_hub.run("config", verb, *GOOD_CALL[verb])
    assert done.returncode in (0, 1)
    assert len(done.stderr.splitlines()) == done.returncode
    assert "Traceback" not in done.stderr


def test_a_database_of_an_earlier_version_names_the_cure(started_hub: HubProcess) -> None:
    started_hub.sql("DELETE FROM django_migrations WHERE app = 'config_app' AND name > '0002'")
    started_hub.sql("DROP TABLE config_confirmation")
    done = started_hub.run("config", "show")
    assert done.returncode == 1
    said = started_hub.shortened(done.stderr)
    assert said.startswith("error: the database was made by an earlier version; run manage.py")


def test_a_lost_database_is_not_taken_for_one_of_an_earlier_version(started_hub: HubProcess) -> None:
    started_hub.database.write_bytes(b"")
    done = started_hub.run("config", "set", "port", "9001")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is empty, but this hub was started before; restore it from a backup" in done.stderr
    assert started_hub.database.stat().st_size == 0


def test_a_database_of_a_newer_version_is_left_alone(started_hub: HubProcess) -> None:
    started_hub.sql(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('hub', '9999_later', '2030-01-01')"
    )
    before = content(started_hub)
    for arguments in (("show",), ("set", "port", "9001")):
        done = started_hub.run("config", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("error: the database was migrated by a newer version")
    assert content(started_hub) == before


def test_with_a_lost_key_everything_but_secrets_goes_on(started_hub: HubProcess) -> None:
    started_hub.manage("config", "set", "workos_api_key", "--stdin", text=CANARY)
    (started_hub.data_dir / "machine.key").unlink()
    assert "✗ needs re-entry" in started_hub.config("show")
    started_hub.config("set", "port", "9001")
    assert started_hub.config("get", "port") == "9001"
    done = started_hub.run("config", "set", "workos_api_key", "--stdin", text=CANARY)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert not (started_hub.data_dir / "machine.key").exists()


def test_it_works_on_a_database_server_too(postgresql_server: PostgreSQL, tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub", database_url=postgresql_server.new_database())
    assert hub.run("config", "get", "port").returncode == 1
    hub.bring_up()
    said = hub.config("set", "port=9001", "log_level=debug")
    assert said.startswith("revision 2: port 8884 (default) → 9001")
    hub.sql("UPDATE system_config SET config_value = 'banana' WHERE config_key = 'port'")
    assert "error: port: the stored value is not valid" in hub.config("show")
    assert hub.config("rollback", "1").splitlines()[0].startswith("revision 4: ")
    assert hub.config("reset", "--yes").startswith("revision 5: ")
    assert "port: refused, expected" in hub.config("history", "--key", "port")


def test_a_database_server_that_does_not_answer_is_one_line(hub_process: HubProcess) -> None:
    hub_process.environment["HUB_DATABASE_URL"] = "postgres://hub:canary@127.0.0.1:1/hub"
    done = hub_process.run("config", "show")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "canary" not in done.stderr


def test_a_file_that_is_no_database_is_one_line(hub_process: HubProcess) -> None:
    content = b"this is no database, but long enough to be taken for one" * 9
    hub_process.data_dir.mkdir(mode=0o700)
    hub_process.database.write_bytes(content)
    done = hub_process.run("config", "show")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert hub_process.database.read_bytes() == content


def test_text_that_is_not_utf_8_is_named(started_hub: HubProcess) -> None:
    started_hub.sql(
        "INSERT INTO system_config (config_key, config_value) VALUES ('port', CAST(x'ff' AS TEXT))"
    )
    assert "error: port: the stored value is not valid" in started_hub.config("show")
