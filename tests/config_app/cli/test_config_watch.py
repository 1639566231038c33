"""`config watch` prints every revision after its commit, until the reader of the output is gone."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator

import pytest
from django.core.management.base import CommandError

from config_app.api import plan
from tests.support.config_command import CANARY, config
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.started_process import Piped

Watching = subprocess.Popen[str] | Piped


@contextlib.contextmanager
def watching(hub: HubProcess, *arguments: str) -> Iterator[Watching]:
    """Run `config watch` on a hub, by default from revision 0."""
    with hub.converse("config", "watch", *(arguments or ("--since", "0"))) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: Watching) -> str:
    """Return the next line of the output."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def headline(process: Watching) -> str:
    """Return the next line with a revision's headline."""
    return next(text for text in iter(lambda: line(process), "") if text.startswith("revision"))


def begun(number: int) -> str:
    """Return the message with which `config watch` starts."""
    return f"watching from revision {number}; press Ctrl-C to stop\n"


def ended(process: Watching, status: int = 0, since: int = 0) -> str:
    """Wait until the process ends with ``status``; return the rest of its output."""
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (status, begun(since))
    return out


def test_revisions_are_printed_as_they_happen_without_a_server(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    with watching(hub) as process:
        assert headline(process).startswith("revision 1 ")
        hub.config("set", "port", "9001", "--reason", "a new port")
        assert headline(process).endswith("(cli): a new port")
        assert line(process) == "  port: 8884 (default) → 9001"
        hub.sql("UPDATE system_config SET config_value = '9002' WHERE config_key = 'port'")
        assert "(sql)" in headline(process)
        assert line(process) == "  port: 9001 → 9002"
        process.send_signal(signal.SIGINT)
        assert ended(process) == ""


def test_sigterm_ends_it_quietly(started_hub: HubProcess) -> None:
    with watching(started_hub) as process:
        headline(process)
        process.terminate()
        ended(process)


def test_it_ends_when_nobody_reads_any_more(any_hub_process: HubProcess) -> None:
    any_hub_process.bring_up()
    with watching(any_hub_process) as process:
        assert process.stdout is not None
        headline(process)
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == begun(0)


def test_it_goes_on_after_the_database_was_away(started_hub: HubProcess) -> None:
    hub = started_hub
    with watching(hub, "--since", "0", "--json") as process:
        assert json.loads(line(process))["number"] == 1
        away = hub.database.with_suffix(".away")
        hub.database.rename(away)
        assert process.stderr is not None
        assert process.stderr.readline() == begun(0)
        assert "watching continues when the database is back" in process.stderr.readline()
        away.rename(hub.database)
        hub.config("set", "port", "9001")
        assert json.loads(line(process))["number"] == 2


def test_it_goes_on_after_the_server_was_restarted(
    hub_process: HubProcess, postgresql_server: PostgreSQL
) -> None:
    hub = HubProcess(hub_process.folder / "hub", database_url=postgresql_server.new_database())
    hub.bring_up()
    with watching(hub) as process:
        headline(process)
        hub.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        hub.config("set", "port", "9001")
        assert headline(process).startswith("revision 2 ")


def test_it_begins_with_the_next_revision_unless_told_otherwise(started_hub: HubProcess) -> None:
    hub, last = started_hub, 1
    with watching(hub, "--json", "--limit", "1") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == begun(last)
        hub.config("set", "port", "9001")
        out, err = process.communicate(timeout=20)
        assert (json.loads(out)["number"], err) == (last + 1, "")


def test_json_is_one_line_for_each_revision_with_secrets_masked(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply(reason="one")
    plan({"port": 9001}).apply(reason="two")
    lines = config("watch", "--since", "1", "--limit", "2", "--json").lines
    assert [json.loads(text)["reason"] for text in lines] == ["one", "two"]
    assert CANARY not in "".join(lines)
    assert CANARY not in config("watch", "--since", "1", "--limit", "2").out


def test_it_ends_after_as_many_revisions_as_wanted(install: None) -> None:
    for port in (9001, 9002, 9003):
        plan({"port": port}).apply()
    assert len(config("watch", "--since", "1", "--limit", "2", "--json").lines) == 2


@pytest.mark.parametrize("text", ["-1", "one", "1.5", ""])
def test_a_number_that_is_none_is_a_wrong_call(install: None, text: str) -> None:
    with pytest.raises(CommandError, match="expected a whole number"):
        config("watch", f"--since={text}")
