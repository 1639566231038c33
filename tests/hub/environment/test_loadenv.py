"""`manage.py loadenv`: a hub imports `.env` once; `--again` imports once more and shows the plan first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.config_command import CANARY
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.terminal_session import type_into

FILE = f"HUB_PORT=9100\nWORKOS_API_KEY={CANARY}\nHUB_WORKERS=many\n"


@pytest.fixture
def started(started_hub: HubProcess) -> HubProcess:
    """Give a hub that was started without a ``.env``, and then write a ``.env``."""
    started_hub.env_file.write_text(FILE)
    return started_hub


def revisions(hub: HubProcess) -> int:
    return len(hub.sql("SELECT number FROM config_revision"))


def test_the_first_call_starts_the_hub_and_imports(hub_process: HubProcess) -> None:
    hub_process.env_file.write_text(FILE)
    out = hub_process.manage("loadenv")
    assert "port: 8884 (default) → 9100" in out
    assert "server_workers: refused, HUB_WORKERS of" in out
    assert "canary" not in out
    assert hub_process.config("get", "port") == "9100"


def test_the_first_call_takes_another_file_with_the_database_it_names(
    hub_process: HubProcess, tmp_path: Path
) -> None:
    (tmp_path / "other.env").write_text(f"HUB_PORT=9200\nHUB_DATABASE_PATH={tmp_path}/other.db\n")
    assert "9200" in hub_process.manage("loadenv", str(tmp_path / "other.env"))
    assert (tmp_path / "other.db").exists()
    assert hub_process.config("get", "port") == "9200"


def test_nothing_to_import_is_said(hub_process: HubProcess) -> None:
    assert "nothing to import" in hub_process.manage("loadenv")


def test_a_second_import_is_refused_with_the_way_out(started: HubProcess) -> None:
    done = started.run("loadenv")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the environment was imported at the first start, on ")
    assert "loadenv --again" in done.stderr
    assert revisions(started) == 1


def test_again_asks_and_without_a_terminal_needs_a_yes(started: HubProcess) -> None:
    done = started.run("loadenv", "--again")
    assert done.returncode == 1
    assert "port 8884 (default) → 9100" in done.stdout
    assert done.stderr.splitlines()[-1].endswith("add --yes")
    assert revisions(started) == 1


@pytest.mark.parametrize(("typed", "status", "count"), [("y\n", 0, 2), ("n\n", 1, 1)])
def test_again_shows_the_plan_and_asks(started: HubProcess, typed: str, status: int, count: int) -> None:
    found, screen = type_into(started, "loadenv", "--again", typed=typed)
    assert found == status, screen
    assert screen.index("port 8884 (default) → 9100") < screen.index("[y/N]")
    assert revisions(started) == count


def test_again_with_a_yes_imports_what_is_valid_and_names_the_rest(started: HubProcess) -> None:
    done = started.run("loadenv", "--again", "--yes")
    assert done.returncode == 0
    assert "warning: server_workers: HUB_WORKERS of" in done.stderr
    assert "canary" not in done.stdout + done.stderr
    assert started.config("get", "port") == "9100"
    assert started.sql("SELECT channel FROM config_revision ORDER BY number DESC LIMIT 1") == [("env",)]


def test_again_takes_another_file(started: HubProcess, tmp_path: Path) -> None:
    (tmp_path / "other.env").write_text("HUB_PORT=9200\n")
    started.manage("loadenv", str(tmp_path / "other.env"), "--again", "--yes")
    assert started.config("get", "port") == "9200"


def test_again_with_nothing_new_is_nothing_to_change(started: HubProcess) -> None:
    started.manage("loadenv", "--again", "--yes")
    assert "nothing to change" in started.manage("loadenv", "--again")


def test_a_dry_run_writes_nothing(started: HubProcess) -> None:
    assert "port 8884 (default) → 9100" in started.manage("loadenv", "--dry-run")
    assert revisions(started) == 1


def test_a_dry_run_before_the_first_start_creates_nothing(hub_process: HubProcess) -> None:
    hub_process.env_file.write_text(FILE)
    found = json.loads(hub_process.manage("loadenv", "--dry-run", "--json"))
    assert [change["key"] for change in found["changes"]] == ["port", "workos_api_key"]
    assert not hub_process.data_dir.exists()


def test_a_file_that_is_not_there_is_refused(started: HubProcess) -> None:
    done = started.run("loadenv", "missing.env", "--again")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "missing.env does not exist" in done.stderr
