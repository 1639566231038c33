"""If the hub cannot use its files, the message names the real cause and a cure that works."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.database.file_access import cure
from hub.environment.instance import UnusableDataDirectory, ensure_data_dir, resolve_instance
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.unprivileged import NOBODY, as_ordinary_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")


@pytest.fixture
def open_dir(tmp_path: Path) -> Iterator[Path]:
    """Give an empty directory that every user can reach."""
    opened = [parent for parent in tmp_path.parents if not parent.stat().st_mode & stat.S_IXOTH]
    for parent in opened:
        parent.chmod(0o711)
    tmp_path.chmod(0o755)
    yield tmp_path
    for parent in opened:
        parent.chmod(0o700)


def refusal(path: Path) -> str:
    with as_ordinary_user(), pytest.raises(UnusableDataDirectory) as refused:
        ensure_data_dir(path)
    return str(refused.value)


def test_a_volume_of_root_needs_another_owner(open_dir: Path) -> None:
    line = refusal(open_dir)
    assert f"run chown -R {NOBODY} {open_dir} as root" in line
    assert "sudo -u root" not in line


def test_in_a_volume_that_the_group_may_use_a_new_directory_works(open_dir: Path) -> None:
    open_dir.chmod(0o777)  # like Kubernetes' fsGroup, with which root keeps the volume
    assert f"or set HUB_DATA_DIR to a new directory in it, such as {open_dir}/hub" in refusal(open_dir)
    with as_ordinary_user():
        ensure_data_dir(open_dir / "hub")


def test_a_directory_that_only_root_can_create(open_dir: Path) -> None:
    data = open_dir / "data"
    assert f"as root, create {data} and run chown {NOBODY} {data}" in refusal(data)


def test_a_file_that_root_restored(open_dir: Path) -> None:
    file = open_dir / "hub.db"
    file.touch(mode=0o600)
    with as_ordinary_user():
        assert cure(file) == f"run chown {NOBODY} {file} as root"


def test_root_is_sent_to_the_owner(open_dir: Path) -> None:
    os.chown(open_dir, NOBODY, NOBODY)
    with pytest.raises(UnusableDataDirectory) as refused:
        ensure_data_dir(open_dir)
    assert "sudo -u nobody" in str(refused.value)
    assert "new directory in it" not in str(refused.value)


def test_a_read_only_file_system_is_named(hub_process: HubProcess) -> None:
    hub, place = hub_process, hub_process.folder / "volume"
    place.mkdir()
    hub.environment["HUB_DATA_DIR"] = str(place / "data")
    script = f'mount -t tmpfs -o ro none {place} && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *hub.command("bootstrap")]
    done = subprocess.run(command, env=hub.environment, capture_output=True, text=True, check=False)
    (line,) = done.stderr.splitlines()
    assert "cannot be created: Read-only file system" in line
    assert f"ReadWritePaths={place}" in line


def test_a_hidden_home_is_named(monkeypatch: pytest.MonkeyPatch, open_dir: Path) -> None:
    monkeypatch.setattr("hub.database.file_access.HOMES", (open_dir,))
    monkeypatch.setenv("INVOCATION_ID", "4711")
    read_only = os.statvfs_result((*os.statvfs(open_dir)[:8], os.ST_RDONLY, 255))
    monkeypatch.setattr(os, "statvfs", lambda _place: read_only)  # as under ProtectHome=
    assert "ProtectHome=" in refusal(open_dir / "data")


def test_a_key_file_that_the_user_may_not_read_is_named(hub_process: HubProcess, open_dir: Path) -> None:
    key = open_dir / "key"
    key.write_text("k" * 40)
    key.chmod(0o400)
    with as_ordinary_user(), pytest.raises(Exception, match="HUB_ENCRYPTION_KEY_FILE") as refused:
        resolve_instance({"HUB_ENCRYPTION_KEY_FILE": str(key)}, open_dir)
    assert str(refused.value) == (
        f"HUB_ENCRYPTION_KEY_FILE: expected a file that user nobody can read; {key} cannot be read "
        f"(Permission denied); as root, run chown {NOBODY} {key} and chmod 400 {key}"
    )
