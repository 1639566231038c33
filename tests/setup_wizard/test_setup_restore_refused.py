"""If the wizard cannot restore a backup, it says why, and the unclaimed hub stays as it was (R10, S4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config_app.transfer.archive import Writer, read_lines
from hub.models import User
from hub.wizard import backups, product
from setup_wizard.claiming import upload
from tests.support.browsers.restoring import browser, code, confirm, content, known, review, send, source
from tests.support.browsers.wizard_walk import Browser

__all__ = ["browser", "code", "content", "source"]  # fixtures

TITLE = "hub-backup 1"
WRONG_CODE = "0000-0000-0000-0000-0000-0000-0000"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Enter the code, or tick the box below."),
        ({"code": "{code}", "drop": "on"}, "You cannot do both"),
        ({"code": WRONG_CODE}, "This is not a recovery code"),
        ({"code": "a shared key that no one has"}, "This code does not unlock the secrets in the backup"),
    ],
)
def test_a_wrong_code_changes_nothing_and_can_be_corrected(
    browser: Browser, content: bytes, code: str, fields: dict[str, str], said: str
) -> None:
    review(browser, content)
    before = known()
    assert confirm(browser, **{name: text.format(code=code) for name, text in fields.items()}) == 200
    assert said.lower() in browser.text.lower()
    assert known() == before
    assert confirm(browser, code=code) == 302


def damaged(content: bytes, how: str) -> bytes:
    middle = len(content) // 2
    altered = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    return {
        "cut off": content[:-7],
        "altered": altered,
        "empty name": b"",
        "other": b"\x89PNG, a picture",
        "other json": b'{"answer": 42}',
        "cut off json": b'{"format": "config-export", "vers',
    }[how]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut off", "The file cannot be restored: it is cut off, or it was altered; use another copy"),
        ("altered", "The file cannot be restored: it is cut off, or it was altered; use another copy"),
        ("empty name", "The submitted file is empty."),
        ("other", 'The file cannot be restored: expected a file that begins with "hub-backup 1"'),
        ("other json", 'The file cannot be imported: expected a JSON object with "format": "config-export"'),
        ("cut off json", "The file cannot be imported: line 1 is not valid JSON, or the file is cut off"),
    ],
)
def test_a_file_that_is_no_backup_gets_one_line(
    browser: Browser, content: bytes, how: str, said: str
) -> None:
    before = known()
    assert send(browser, damaged(content, how)) == 200
    assert said in browser.text
    assert (known(), upload.path().exists()) == (before, False)


def rewritten(path: Path, content: bytes, change: Any) -> bytes:
    """Return a backup with another header or other rows, and a correct digest."""
    path.write_bytes(content)
    other = path.with_name("other.backup")
    with Writer(other, TITLE) as writer:
        for line in read_lines(path, TITLE):
            writer.write(change(line))
    return other.read_bytes()


def newer(line: Any) -> Any:
    if "migrations" in line:
        line["migrations"].append(["config_app", "9999_from_the_future"])
    return line


def test_a_backup_of_a_newer_version_is_refused(browser: Browser, content: bytes, tmp_path: Path) -> None:
    before = known()
    assert send(browser, rewritten(tmp_path / "a", content, newer)) == 200
    said = "The file cannot be restored: it was made by a newer version; install this newer version first."
    assert said in browser.text
    assert known() == before


def more_rows(line: Any) -> Any:
    if "counts" in line:
        line["counts"]["config_app.change"] += 1
    return line


def test_a_restore_that_fails_in_the_middle_leaves_everything_as_it_was(
    browser: Browser, content: bytes, code: str, tmp_path: Path
) -> None:
    review(browser, rewritten(tmp_path / "a", content, more_rows))
    before = known()
    assert confirm(browser, code=code) == 200
    assert "The file cannot be restored: expected" in browser.text
    assert "rows, but it has" in browser.text
    assert known() == before
    assert browser.get("/setup/mode/") == 200, "the session and the token are still there"


def test_a_file_that_is_too_large_is_refused_with_the_way_forward(
    browser: Browser, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product.HubSetup, "largest_backup", len(content) - 1)
    assert send(browser, content) == 200
    assert "copy it to the server, and run ./manage.py restore FILE there" in browser.text
    assert not upload.path().exists()


def test_only_the_upload_of_an_unclaimed_hub_may_be_large(browser: Browser) -> None:
    limit = backups.upload_limit("/setup/restore/")
    assert limit is not None
    assert limit.size > backups.LARGEST
    assert b"larger than 64 MB" in limit.refusal
    assert b"manage.py restore FILE" in limit.refusal
    assert backups.upload_limit("/setup/") is None
    browser.fill_all()
    browser.finish()
    assert backups.upload_limit("/setup/restore/") is None


def test_a_full_disk_is_said(
    browser: Browser, content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(upload, "path", lambda: tmp_path / "missing" / "restore.upload")
    assert send(browser, content) == 200
    assert "The file cannot be kept on the server: No such file or directory" in browser.text


def test_only_the_reviewed_backup_is_restored(
    browser: Browser, content: bytes, code: str, tmp_path: Path
) -> None:
    review(browser, content)
    first = upload.fingerprint()
    review(
        browser,
        rewritten(tmp_path / "a", content, lambda line: line | {"x": 1} if "counts" in line else line),
    )
    before = known()
    assert browser.post("/setup/restore/backup/", {"fingerprint": first, "code": code}) == 200
    assert "Restore this backup?" in browser.text
    assert known() == before


def test_a_backup_that_is_gone_must_be_chosen_again(browser: Browser, content: bytes, code: str) -> None:
    review(browser, content)
    mark = upload.fingerprint()
    upload.discard()
    for answer in (
        browser.get("/setup/restore/backup/"),
        browser.post("/setup/restore/backup/", {"fingerprint": mark, "code": code}),
    ):
        assert answer == 200
        assert "This server no longer has the file; choose it again." in browser.text
    assert not User.objects.exists()


def test_a_holder_who_was_replaced_cannot_restore(browser: Browser, content: bytes, code: str) -> None:
    review(browser, content)
    mark = upload.fingerprint()
    Browser().unlock()
    assert not upload.path().exists()
    assert browser.post("/setup/restore/backup/", {"fingerprint": mark, "code": code}) == 302
    assert browser.location == "/setup/"
    assert not User.objects.exists()
