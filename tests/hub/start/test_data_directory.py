"""Only the hub's own user may have access to the instance directory; otherwise the hub does not start."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.environment.instance import UnusableDataDirectory, ensure_data_dir
from tests.support.processes.unprivileged import NOBODY, as_ordinary_user


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """Give a directory that an ordinary user owns and can reach; only root can reach pytest's own ones."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        yield path
        path.chmod(0o700)


def test_the_directory_and_its_parents_are_created_private(tmp_path: Path) -> None:
    ensure_data_dir(tmp_path / "one/two")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("one", "one/two")]
    assert modes == [0o700, 0o700]


def test_the_directory_may_exist_already(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    ensure_data_dir(tmp_path / "data")
    ensure_data_dir(tmp_path / "link")


@pytest.mark.parametrize("name", ["file", "file/data", "dangling"])
def test_what_is_no_directory_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UnusableDataDirectory, match=r"or set HUB_DATA_DIR to another place$"):
        ensure_data_dir(tmp_path / name)


def test_one_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path if os.geteuid() == 0 else Path("/usr")
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    with pytest.raises(UnusableDataDirectory, match=rf"belongs to user id {path.stat().st_uid}, but"):
        ensure_data_dir(path)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o770, 0o701, 0o1777])
def test_one_that_others_can_look_into_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(UnusableDataDirectory, match=r"other users can open .*; run chmod 700 "):
        ensure_data_dir(tmp_path)


@pytest.mark.parametrize("mode", [0o500, 0o400, 0o600, 0o000])
def test_one_that_cannot_be_written_to_is_refused(open_dir: Path, mode: int) -> None:
    open_dir.chmod(mode)
    with as_ordinary_user(), pytest.raises(UnusableDataDirectory, match=r"cannot be written to"):
        ensure_data_dir(open_dir)


def test_one_that_cannot_be_created_is_refused(open_dir: Path) -> None:
    open_dir.chmod(0o500)
    with as_ordinary_user(), pytest.raises(UnusableDataDirectory, match=r"created: Permission denied"):
        ensure_data_dir(open_dir / "data")


def test_one_where_nothing_can_be_created_is_refused() -> None:
    with pytest.raises(UnusableDataDirectory, match=r"cannot be created: "):
        ensure_data_dir(Path("/proc/hub-data"))
