"""Private files have mode 0600 from the start and are never incomplete (K3)."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from config_app.encryption.private_files import publish_once, read_private, replace
from config_app.errors import KeyringLocked


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.mark.parametrize("write", [publish_once, replace])
def test_a_file_is_readable_by_this_user_alone_whatever_the_umask(
    tmp_path: Path, write: Callable[[Path, bytes], object]
) -> None:
    before = os.umask(0)
    try:
        write(tmp_path / "key", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert (tmp_path / "key").read_bytes() == b"content"
    assert names(tmp_path) == ["key"]


def test_a_published_file_is_never_overwritten(tmp_path: Path) -> None:
    assert publish_once(tmp_path / "key", b"first")
    assert not publish_once(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"
    assert names(tmp_path) == ["key"]


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    assert not publish_once(tmp_path / "key", b"content")
    assert not (tmp_path / "elsewhere").exists()


def test_one_of_many_publishes_and_all_see_the_same_whole_file(tmp_path: Path) -> None:
    barrier, won = threading.Barrier(8), []

    def publish(number: int) -> None:
        barrier.wait()
        if publish_once(tmp_path / "key", str(number).encode() * 1000):
            won.append(number)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "key").read_bytes() == str(won[0]).encode() * 1000
    assert len(won) == 1


def test_a_replaced_file_has_the_new_content_and_mode(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    (tmp_path / "token").chmod(0o644)
    replace(tmp_path / "token", b"new")
    assert read_private(tmp_path / "token") == b"new"


@pytest.mark.parametrize("write", [publish_once, replace])
def test_a_failure_half_way_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], object]
) -> None:
    (tmp_path / "key").write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "key", b"new")
    assert (tmp_path / "key").read_text() == "old"
    assert names(tmp_path) == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o666])
def test_a_file_that_others_can_reach_is_not_read(tmp_path: Path, mode: int) -> None:
    (tmp_path / "key").write_text("content")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyringLocked, match="run chmod 600"):
        read_private(tmp_path / "key")


def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "gone", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(KeyringLocked) as caught:
            read_private(path)
        assert f"the key file {path} cannot be read: {why}" in str(caught.value)
