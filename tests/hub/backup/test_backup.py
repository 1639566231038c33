"""`manage.py backup` and `restore` carry the whole hub from either database to either (R10)."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess, hub_of_a_module
from tests.support.soak import one_of
from tests.support.waiting import wait_for

CANARY = "sk_canary_f00dcafe"
FACTS = """
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from hub.models import User
print(sorted((u.email, u.name, sorted(g.name for g in u.groups.all())) for u in User.objects.all()))
print(sorted((g.name, p.codename) for g in Group.objects.all() for p in g.permissions.all()))
print([User.objects.get(email=%r).check_password(%r)])
"""
PEOPLE = """
from django.contrib.auth.models import Group, Permission
from hub.models import User
group = Group.objects.create(name="Editors")
group.permissions.add(Permission.objects.get(codename="change_systemconfig"))
User.objects.create_user("sam@example.com", "another long password", name="Sam").groups.add(group)
"""


def fill(hub: HubProcess) -> None:
    hub.config("set", "log_level=debug", "allowed_origins=https://a.example,https://b.example")
    hub.manage("config", "set", "workos_api_key", "--stdin", "--reason", "ÄÖ\u2028", text=CANARY)
    hub.manage("shell", "-v", "0", "-c", PEOPLE)


def facts(hub: HubProcess) -> str:
    return hub.manage("shell", "-v", "0", "-c", FACTS % (OWNER, PASSWORD))


OWN = ("install_id", "database_path")
"""The settings that a restore does not change, because they belong to the install."""


def own(hub: HubProcess) -> list[tuple[str, ...]]:
    return hub.sql(f"SELECT config_value FROM system_config WHERE config_key IN {OWN} ORDER BY config_key")  # noqa: S608 - OWN is ours


def shown(hub: HubProcess) -> dict[str, object]:
    found = json.loads(hub.config("show", "--json"))
    settings = {key: value for key, value in found["settings"].items() if key not in OWN}
    return {"state": found["state"], "mode": found["mode"], "settings": settings}


HISTORY = """
SELECT number, actor, channel, reason, key, old_value, new_value, note
FROM config_change JOIN config_revision ON number = revision_id
WHERE key NOT IN ('install_id', 'database_path') ORDER BY id
"""


def history(hub: HubProcess) -> list[tuple[object, ...]]:
    return [tuple(row) for row in hub.sql(HISTORY)]


def test_everything_goes_to_the_other_database_and_back(
    tmp_path: Path, claimed_hub: HubProcess, postgresql_server: PostgreSQL
) -> None:
    fill(claimed_hub)
    before = shown(claimed_hub), facts(claimed_hub), history(claimed_hub)
    server = HubProcess(tmp_path / "server", database_url=postgresql_server.new_database())
    back = HubProcess(tmp_path / "back")
    for source, target in ((claimed_hub, server), (server, back)):
        file = tmp_path / f"{target.folder.name}.backup"
        said = source.manage("backup", str(file))
        assert f"to {file}" in said
        target.bring_up()
        for key in source.data_dir.glob("*.key"):
            (target.data_dir / key.name).write_bytes(key.read_bytes())
        belongs_to_target = own(target)
        assert belongs_to_target != own(source)
        assert "restored revision" in target.manage("restore", str(file), "--yes")
        assert (shown(target), facts(target), history(target)) == before
        assert own(target) == belongs_to_target
        assert target.config("get", "workos_api_key", "--reveal") == CANARY
        target.config("doctor")
        target.config("set", "server_workers=3")
        target.config("unset", "server_workers")
        before = before[0], before[1], history(target)


@one_of("any_hub_process", "postgresql", "sqlite")
def test_running_processes_follow_a_restore_and_sessions_end(
    any_claimed_hub: HubProcess, tmp_path: Path
) -> None:
    hub, file = any_claimed_hub, tmp_path / "hub.backup"
    hub.config("set", "log_level=debug")
    hub.manage("backup", str(file))
    hub.serve(workers=2)
    hub.config("set", "log_level=warning", "--wait")
    hub.sql("INSERT INTO django_session VALUES ('key', 'data', '2099-01-01 00:00:00')")
    revision = int(hub.manage("restore", str(file), "--yes").split()[1].rstrip(":"))
    assert hub.sql("SELECT count(*) FROM django_session") == [(0,)]
    wait_for(lambda: _everywhere(hub, revision), "all processes to use the restored configuration")
    assert hub.config("get", "log_level") == "debug"


def _everywhere(hub: HubProcess, revision: int) -> bool:
    processes = json.loads(hub.config("show", "--json"))["processes"]
    return len(processes) >= 3 and all(process["revision"] == revision for process in processes)


def test_the_file_is_private_compressed_and_has_no_plain_secret(
    claimed_hub: HubProcess, tmp_path: Path
) -> None:
    fill(claimed_hub)
    file = tmp_path / "hub.backup"
    claimed_hub.manage("backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CANARY.encode() not in file.read_bytes()
    again = claimed_hub.run("backup", str(file))
    assert (again.returncode, again.stderr) == (1, f"error: {file} exists already; choose another name\n")


class Saved(NamedTuple):
    """A hub, the content of its backup, and what it shows."""

    hub: HubProcess
    backup: bytes
    shown: dict[str, object]


@pytest.fixture(scope="module")
def saved() -> Iterator[Saved]:
    """Give a claimed hub and its backup, for tests that change nothing."""
    with hub_of_a_module() as hub:
        hub.claim()
        hub.manage("backup", str(hub.folder / "hub.backup"))
        yield Saved(hub, (hub.folder / "hub.backup").read_bytes(), shown(hub))


def test_a_restore_asks_first(saved: Saved, tmp_path: Path) -> None:
    file = tmp_path / "hub.backup"
    file.write_bytes(saved.backup)
    done = saved.hub.run("restore", str(file))
    assert done.returncode == 1
    assert (
        done.stderr
        == "error: cannot ask for confirmation, because standard input is not a terminal; add --yes\n"
    )
    assert shown(saved.hub) == saved.shown


def test_on_another_machine_a_code_file_unlocks_the_secrets(claimed_hub: HubProcess, tmp_path: Path) -> None:
    fill(claimed_hub)
    file, code, wrong = (tmp_path / name for name in ("hub.backup", "code", "wrong"))
    claimed_hub.config("recovery-code", "--file", str(code))
    claimed_hub.manage("backup", str(file))
    claimed_hub.config("recovery-code", "--file", str(wrong))
    other = HubProcess(tmp_path / "other")
    other.bring_up()
    before = shown(other)
    refused = other.run("restore", str(file), "--yes", "--code-file", str(wrong))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "the recovery key does not fit" in refused.stderr
    assert shown(other) == before
    locked = other.run("restore", str(file), "--yes")
    assert "no key of this machine unlocks the secrets; run manage.py unlock" in other.shortened(
        locked.stderr
    )
    done = other.run("restore", str(file), "--yes", "--code-file", str(code))
    assert (done.returncode, done.stderr) == (0, "")
    assert other.config("get", "workos_api_key", "--reveal") == CANARY


@pytest.mark.parametrize("place", ["first line", "header", "middle", "digest", "cut off", "longer", "other"])
def test_a_damaged_file_is_one_line_and_changes_nothing(saved: Saved, tmp_path: Path, place: str) -> None:
    file = tmp_path / "hub.backup"
    content = bytearray(saved.backup)
    places = {"first line": 3, "header": 20, "middle": len(content) // 2, "digest": len(content) - 5}
    if place in places:
        content[places[place]] ^= 1
    damaged = {"cut off": content[:-7], "longer": [*content, 0], "other": b"{}"}.get(place, content)
    file.write_bytes(bytes(damaged))
    done = saved.hub.run("restore", str(file), "--yes")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {file} cannot be read: ")
    assert done.stderr.count("\n") == 1
    assert shown(saved.hub) == saved.shown


def test_a_migration_on_postgresql_is_preceded_by_a_backup(
    tmp_path: Path, postgresql_server: PostgreSQL
) -> None:
    hub = HubProcess(tmp_path / "hub", database_url=postgresql_server.new_database())
    hub.claim()
    fill(hub)
    hub.manage("migrate", "admin", "0001", "-v", "0")
    (hub.data_dir / "backups").touch()
    refused = hub.run("bootstrap")
    assert refused.stderr.startswith("error: the database is unavailable: no backup could be written")
    (hub.data_dir / "backups").unlink()
    before = shown(hub), facts(hub)
    hub.manage("bootstrap")
    (made,) = (hub.data_dir / "backups").iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    hub.config("set", "log_level=error")
    hub.manage("migrate", "admin", "0001", "-v", "0")
    hub.manage("restore", str(made), "--yes")
    assert (shown(hub), facts(hub)) == before
