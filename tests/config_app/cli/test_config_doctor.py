"""`config doctor` reports all facts of an install, also of a broken one."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config_app.api import plan
from config_app.doctor import configuration, database, examination, keyring, processes
from config_app.presentation.overview import Overview
from config_app.problems import Finding
from config_app.project import get_project
from config_app.testing import reset_process
from hub.models import User
from tests.support.config_command import CANARY, config, database_content, write_row
from tests.support.doctor_findings import fact, facts_of, line_of, report_of
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers

DAMAGES = (
    "UPDATE system_config SET config_value = '{}' WHERE config_key = 'workos_api_key'",
    "INSERT INTO system_config (config_key, config_value) VALUES ('workos_api_kye', '{}')",
    "INSERT INTO system_config (config_key, config_value, is_secret) VALUES ('x', '{}', true)",
)


def failing(*arguments: str) -> tuple[str, str]:
    """Run the doctor, which must end with status 1; return its output and its error line."""
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("config", "doctor", *arguments, stdout=out)
    return out.getvalue(), str(ended.value)


def test_an_error_is_printed_with_its_cure_and_ends_the_command_with_status_1(install: None) -> None:
    write_row("port", "banana")
    out, error = failing()
    assert "error    stored values        1 of 2 are valid\n" in out
    assert "error: port: the stored value is not valid, expected a whole number from 1 to 65535" in out
    assert "run manage.py config set port VALUE" in out
    assert error == "one check found an error; the output says how to fix each error"


def test_a_warning_alone_leaves_the_status_at_0(install: None) -> None:
    write_row("no_such_key", "1")
    found = config("doctor").out
    assert "warning  stored values" in found
    assert "warning: no_such_key: this version knows no such setting" in found


def test_json_has_every_fact_and_whether_one_is_an_error(install: None) -> None:
    write_row("port", "banana")
    report = json.loads(failing("--json")[0])
    assert (report["healthy"], report["complete"]) == (False, True)
    (found,) = [fact for fact in report["facts"] if fact["name"] == "stored_values"]
    assert set(found) == {"name", "status", "finding", "problems"}
    assert set(found["problems"][0]) == {"code", "message", "fix", "keys", "severity"}
    assert {fact["status"] for fact in report["facts"]} <= {"ok", "warning", "error"}


def test_what_cannot_be_examined_keeps_nobody_from_the_rest(
    install: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rubbish(_overview: Overview) -> Finding:
        raise ValueError(CANARY)

    monkeypatch.setattr(database, "checks", lambda: [rubbish])
    report = examination.examine()
    assert "cannot be examined: ValueError" in str(report.facts[4].problems[0])
    assert CANARY not in str(report.facts)
    assert report.facts[-1].name == "hosts"


def test_names_of_facts_are_unique_and_each_says_in_its_docstring_what_it_is(install: None) -> None:
    of_engine = (*database.checks(), *keyring.CHECKS, *configuration.CHECKS, configuration.project)
    of_project = (*get_project().facts(), *get_project().facts_without_database())
    checks = [*of_engine, processes.processes, *of_project]
    names = [check.__name__ for check in checks]
    assert set(names) == {fact.name for fact in examination.examine().facts}
    assert len(set(names)) == len(names)
    assert all(check.__doc__ for check in checks)


def test_it_never_writes(install: None) -> None:
    write_row("port", "banana")
    before = database_content()
    failing()
    assert database_content() == before


def test_it_leaves_the_files_alone_as_well(started_hub: HubProcess) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in started_hub.data_dir.iterdir()}
    started_hub.config("doctor")
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in started_hub.data_dir.iterdir()}
    assert after == before


def test_a_new_hub_has_nothing_to_complain_about(any_hub_process: HubProcess) -> None:
    any_hub_process.bring_up()
    report = report_of(any_hub_process)
    statuses = {fact["name"]: fact["status"] for fact in report["facts"]}
    assert report["complete"]
    assert {name for name, status in statuses.items() if status != "ok"} == set()
    of_kind = {"notifications"} if any_hub_process.database_url else {"database_file", "integrity", "journal"}
    assert statuses.keys() & {"notifications", "database_file", "integrity", "journal"} == of_kind


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def serving_hub(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    """Give a claimed and served hub, which the tests share."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").new_database()
    with HubProcess(tmp_path_factory.mktemp("serving"), database_url=url) as hub:
        hub.claim()
        hub.serve()
        wait_for_workers(hub, 2)
        yield hub


def test_nor_has_a_claimed_one_that_serves(serving_hub: HubProcess) -> None:
    facts = facts_of(serving_hub)
    assert {name for name, found in facts.items() if found["status"] != "ok"} == set()
    assert f"listens at 127.0.0.1:{serving_hub.port}" in facts["listener"]["finding"]
    assert "3 of 3 processes at revision" in facts["processes"]["finding"]
    assert f"has pinned port {serving_hub.port}" in facts["processes"]["finding"].replace(
        "bind_address 127.0.0.1, ", ""
    )


def test_a_serving_hub_does_not_notice_that_it_is_examined(serving_hub: HubProcess) -> None:
    before = serving_hub.sql("SELECT version FROM config_state")
    serving_hub.config("doctor")
    assert serving_hub.sql("SELECT version FROM config_state") == before
    assert serving_hub.health()["stale_since"] is None
    assert "overwritten" not in serving_hub.log.read_text()


def test_without_a_database_it_says_so_and_creates_nothing(hub_process: HubProcess) -> None:
    report = report_of(hub_process)
    assert (report["healthy"], report["complete"]) == (False, False)
    said = hub_process.shortened(line_of(report["facts"][-1]))
    assert said.startswith(
        f"error: there is no database yet: {hub_process.database} does not exist; if a hub"
    )
    assert not hub_process.data_dir.exists()
    assert "so its contents were not examined" in hub_process.run("config", "doctor").stdout


def test_a_file_that_is_no_database_is_one_line(started_hub: HubProcess) -> None:
    started_hub.database.write_bytes(os.urandom(40_000))
    facts = facts_of(started_hub)
    assert "is damaged or is not an SQLite database; restore it from a backup" in line_of(facts["database"])
    assert facts["data_directory"]["status"] == "ok"


def test_a_database_that_lost_its_content_is_one_line(started_hub: HubProcess) -> None:
    os.truncate(started_hub.database, 0)
    assert "is empty, but this hub was started before" in line_of(facts_of(started_hub)["database"])


def test_a_database_of_a_newer_version_is_one_line(any_hub_process: HubProcess) -> None:
    any_hub_process.bring_up()
    any_hub_process.sql(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('hub', '9999_later', '2030-01-01')"
    )
    found = line_of(facts_of(any_hub_process)["database"])
    assert "migrated by a newer version (migrations unknown here: hub.9999_later)" in found


def test_a_database_of_an_earlier_version_is_one_line(started_hub: HubProcess) -> None:
    started_hub.sql("DELETE FROM django_migrations WHERE app = 'config_app' AND name > '0002'")
    started_hub.sql("DROP TABLE config_confirmation")
    assert "was made by an earlier version" in line_of(facts_of(started_hub)["database"])


def test_a_locked_database_is_one_line(started_hub: HubProcess) -> None:
    started_hub.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.processes.hasty_settings"
    with contextlib.closing(sqlite3.connect(started_hub.database)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        found = facts_of(started_hub)
    assert "database is locked" in line_of(found["database"])


def test_a_server_that_does_not_answer_is_one_line_without_its_password(hub_process: HubProcess) -> None:
    hub_process.environment["HUB_DATABASE_URL"] = "postgres://hub:canary@127.0.0.1:1/hub"
    done = hub_process.run("config", "doctor")
    assert done.returncode == 1
    assert "Connection refused" in done.stdout
    assert "canary" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "table", ["config_change", "config_process", "config_key_slot", "config_confirmation", "setup_draft"]
)
def test_a_dropped_table_is_a_fact_and_no_traceback(started_hub: HubProcess, table: str) -> None:
    started_hub.sql(f"DROP TABLE {table}")
    done = started_hub.run("config", "doctor")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "Traceback" not in done.stdout + done.stderr
    assert f"no such table: {table}" in done.stdout


def test_rubbish_in_a_column_is_a_fact_and_no_traceback(started_hub: HubProcess) -> None:
    started_hub.sql("INSERT INTO setup_draft (id, secrets, updated_at) VALUES (1, '7', '2030-01-01')")
    done = started_hub.run("config", "doctor")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "cannot be examined" in done.stdout
    assert "hosts" in done.stdout


def test_no_secret_is_in_what_it_prints(started_hub: HubProcess) -> None:
    started_hub.claim()
    started_hub.manage("config", "set", "workos_api_key", "--stdin", text=CANARY)
    started_hub.manage("config", "set", "reload_webhook_secret", "--stdin", text=f"{CANARY}-webhook")
    secret = {"WORKOS_API_KEY": f"{CANARY}_env", "HUB_ENCRYPTION_KEY": f"{CANARY}-and-some-more-characters"}
    started_hub.env_file.write_text(f"WORKOS_API_KEY={CANARY}\nWORKOS_COOKIE_PASSWORD={CANARY}\n")
    for damages in (DAMAGES, ["UPDATE config_wrapped_key SET wrapped = 'x'"]):
        for damage in damages:
            started_hub.sql(damage.format(CANARY))
        for arguments in ((), ("--json",)):
            done = started_hub.run("config", "doctor", *arguments, **secret)
            assert "hosts" in done.stdout
            assert "canary" not in done.stdout + done.stderr


def test_every_secret_is_decrypted_and_only_names_are_printed(owner: User) -> None:
    plan({"workos_api_key": CANARY, "reload_webhook_secret": "0123456789abcdef-canary"}).apply()
    assert fact("secrets").finding == "2 of 2 can be decrypted"
    assert fact("archived_secrets").finding == "2 of 2 can be decrypted"
    write_row("workos_api_key", "gAAAAA-canary", is_secret=True)
    reset_process()
    out, _error = failing()
    assert "workos_api_key: the stored secret cannot be decrypted" in out
    assert "canary" not in out


def test_the_instance_directory_is_not_made_by_looking(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub")
    hub.run("config", "doctor")
    assert [path.name for path in hub.folder.iterdir()] == [".env"]
    assert stat.S_ISDIR(hub.folder.stat().st_mode)
