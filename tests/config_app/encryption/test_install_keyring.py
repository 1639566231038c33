"""The keyring is created once and never replaced while a secret still needs it (K1, K2, B1)."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from config_app import store
from config_app.api import UNSET, get_config, plan
from config_app.change.reset import reset
from config_app.encryption import enrolment, install_keyring, key_tables
from config_app.encryption.keyring import new_keyring
from config_app.encryption.unlockers import MachineUnlocker
from config_app.errors import ConfigError, InvalidPlan, KeyringLocked
from config_app.live import runtime
from config_app.live.snapshot import read_snapshot
from config_app.models import DataKey, KeySlot, Revision, SystemConfig
from config_app.testing import reset_process
from tests.support.databases.in_process import ONLY_SQLITE
from tests.support.databases.raw_sql import raw_sql, rows, set_row, value_of
from tests.support.locked_keyring import slots, unreadable

pytestmark = pytest.mark.django_db(transaction=True)

API_KEY = "sk_test_canary0001"
NO_SLOTS = "DELETE FROM config_wrapped_key; DELETE FROM config_key_slot"
COOKIE_PASSWORD = "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc="


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    plan({"workos_api_key": API_KEY, "workos_cookie_password": COOKIE_PASSWORD}).apply()


@pytest.fixture
def key_file() -> Path:
    path: Path = settings.INSTANCE.key_file
    return path


def restart() -> None:
    """Forget keyring and configuration, as a restart does."""
    reset_process()


def lose_key(key_file: Path) -> bytes:
    content = key_file.read_bytes()
    key_file.unlink()
    restart()
    return content


def test_every_secret_is_readable_after_a_restart() -> None:
    restart()
    assert get_config().workos_api_key.reveal() == API_KEY
    assert get_config().workos_cookie_password.reveal() == COOKIE_PASSWORD
    assert read_snapshot().problems == ()


@ONLY_SQLITE  # test_canary_scan.py looks into a dump of PostgreSQL
def test_no_secret_is_in_the_database_file_in_plain_text() -> None:
    content = Path(connection.settings_dict["NAME"]).read_bytes()
    assert b"canary" not in content
    assert COOKIE_PASSWORD.encode() not in content


def test_the_keyring_is_made_once() -> None:
    before, salt = slots(), value_of("encryption_key_salt")
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    assert (slots(), value_of("encryption_key_salt")) == (before, salt)


def test_swapped_ciphertexts_are_readable_as_neither() -> None:
    api_key, cookie_password = value_of("workos_api_key"), value_of("workos_cookie_password")
    set_row("workos_api_key", str(cookie_password), is_secret=True)
    set_row("workos_cookie_password", str(api_key), is_secret=True)
    restart()
    assert unreadable() == ["workos_api_key", "workos_cookie_password"]
    assert get_config().workos_api_key.reveal() == API_KEY, "the last good value stays in force"


def test_a_missing_key_file_names_the_secrets_and_leaves_the_rest(key_file: Path) -> None:
    plan({"port": 9001}).apply()
    before = lose_key(key_file)
    assert get_config().port == 9001
    assert get_config().workos_api_key is None
    assert unreadable() == ["workos_api_key", "workos_cookie_password"]
    key_file.write_bytes(before)
    key_file.chmod(0o600)
    restart()
    assert get_config().workos_api_key.reveal() == API_KEY


def test_no_key_is_made_while_a_secret_is_stored(key_file: Path) -> None:
    before, salt = slots(), value_of("encryption_key_salt")
    lose_key(key_file)
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    assert not key_file.exists()
    assert (slots(), value_of("encryption_key_salt")) == (before, salt)


@pytest.mark.parametrize(
    "left",
    [
        f"{NO_SLOTS}; DELETE FROM config_change",  # noqa: S608 - our own tables
        "DELETE FROM system_config WHERE is_secret; DELETE FROM config_change",
        f"DELETE FROM system_config WHERE is_secret; {NO_SLOTS}",  # noqa: S608 - our own tables
    ],
)
def test_no_key_is_made_while_anything_is_left_of_the_old_one(key_file: Path, left: str) -> None:
    raw_sql(left)
    raw_sql("DELETE FROM system_config WHERE config_key = 'encryption_key_salt'")
    lose_key(key_file)
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    assert not key_file.exists()
    assert value_of("encryption_key_salt") is None
    with pytest.raises(KeyringLocked):
        install_keyring.get_keyring()


def test_a_locked_keyring_refuses_a_new_secret_and_changes_nothing(key_file: Path) -> None:
    lose_key(key_file)
    before = value_of("workos_api_key")
    with pytest.raises(KeyringLocked, match="the machine key is missing; restore the key file"):
        plan({"workos_api_key": "sk_test_canary0002", "port": 9001}).apply()
    assert value_of("workos_api_key") == before
    assert get_config().port == 8884
    assert not key_file.exists()


def test_a_locked_keyring_does_not_keep_other_settings_from_changing(key_file: Path) -> None:
    lose_key(key_file)
    plan({"port": 9001, "log_level": "debug"}).apply()
    assert get_config().port == 9001


def test_a_secret_can_be_cleared_while_the_keyring_is_locked(key_file: Path) -> None:
    lose_key(key_file)
    plan({"workos_api_key": UNSET}).apply()
    assert unreadable() == ["workos_cookie_password"]


def test_a_reset_works_while_the_keyring_is_locked(key_file: Path) -> None:
    lose_key(key_file)
    reset()
    assert not SystemConfig.objects.filter(is_secret=True).exists()
    assert unreadable() == []


def test_with_a_locked_keyring_a_mode_that_needs_secrets_is_refused(key_file: Path) -> None:
    lose_key(key_file)
    with pytest.raises(InvalidPlan, match="workos_api_key"):
        plan({"app_mode": "workos", "setup_completed": True}, managed=True)


def test_another_key_file_locks_and_is_not_overwritten(key_file: Path) -> None:
    before = lose_key(key_file)
    key_file.write_bytes(before[::-1].strip() + b"\n")
    key_file.chmod(0o600)
    assert unreadable() == ["workos_api_key", "workos_cookie_password"]
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    assert key_file.read_bytes() == before[::-1].strip() + b"\n"


def test_a_key_file_that_others_can_read_locks(key_file: Path) -> None:
    key_file.chmod(0o644)
    restart()
    (problem, *_) = read_snapshot().problems
    assert "run chmod 600" in str(problem)
    key_file.chmod(0o600)


@pytest.mark.parametrize("salt", ["", "banana", "00" * 16, "00" * 15])
def test_a_mangled_salt_locks_and_is_not_replaced(salt: str) -> None:
    set_row("encryption_key_salt", salt)
    restart()
    assert unreadable() == ["workos_api_key", "workos_cookie_password"]
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    assert value_of("encryption_key_salt") == salt


def test_a_deleted_salt_locks_and_is_not_replaced() -> None:
    raw_sql("DELETE FROM system_config WHERE config_key = 'encryption_key_salt'")
    restart()
    assert "encryption_key_salt is missing from the database" in str(read_snapshot().problems[0])
    with store.writing():
        enrolment.ensure_keyring()
    assert value_of("encryption_key_salt") is None


def test_a_running_process_keeps_its_secrets_and_says_what_becomes_of_a_mangled_salt() -> None:
    get_config()
    set_row("encryption_key_salt", "banana")
    (problem,) = runtime.reload().problems
    assert (problem.code, problem.severity) == ("keyring_locked", "error")
    assert "after a restart, no secret can be decrypted" in str(problem)
    assert get_config().workos_api_key.reveal() == API_KEY


def test_a_running_process_follows_a_keyring_that_was_restored(key_file: Path) -> None:
    salt, before = value_of("encryption_key_salt"), slots()
    other = new_keyring(bytes(16))
    KeySlot.objects.all().delete()
    DataKey.objects.all().delete()
    key_tables.save_keys(other.keys)
    key_tables.save_slot(other.slot_for(MachineUnlocker(key_file)))
    set_row("encryption_key_salt", bytes(16).hex())
    set_row("workos_api_key", other.encrypt("workos_api_key", "sk_test_restored01"), is_secret=True)
    assert runtime.reload().config.workos_api_key.reveal() == "sk_test_restored01"
    assert (slots(), value_of("encryption_key_salt")) != (before, salt)


class Keys:
    """A project with the given unlockers."""

    def __init__(self, *unlockers: object) -> None:
        self.found = unlockers

    def unlockers(self) -> tuple[object, ...]:
        return self.found


def test_a_key_for_which_there_is_no_way_to_unlock_is_logged_once_for_all(
    key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lose_key(key_file)
    with caplog.at_level(logging.WARNING), store.writing():
        enrolment.ensure_slots()
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "the machine key is missing" in record.getMessage()


def test_a_wrong_shared_key_is_tried_once_for_all_secrets(
    monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    tried: list[object] = []

    class Wrong:
        kind, available = "shared", True

        def key_encryption_key(self, _salt: bytes) -> bytes:
            tried.append(self)
            return bytes(32)

    monkeypatch.setattr(install_keyring, "get_project", lambda: Keys(Wrong()))
    restart()
    assert unreadable() == ["workos_api_key", "workos_cookie_password"]
    assert len(tried) == 1


def test_plain_text_in_the_row_of_a_secret_is_not_in_force_and_not_kept_in_history() -> None:
    set_row("workos_api_key", "sk_test_plaintext1", is_secret=False)
    restart()
    assert unreadable() == ["workos_api_key"]
    assert get_config().workos_api_key.reveal() == API_KEY
    plan({"port": 9001}).apply()
    plan({"workos_api_key": "sk_test_canary0003"}).apply()
    assert get_config().workos_api_key.reveal() == "sk_test_canary0003"
    assert [row for row in rows("SELECT * FROM config_change") if "plaintext" in str(row)] == []
    assert "sql" in Revision.objects.values_list("channel", flat=True)


def test_a_ciphertext_of_another_install_is_not_readable() -> None:
    foreign = new_keyring(bytes(16)).encrypt("workos_api_key", "sk_test_foreign01")
    set_row("workos_api_key", foreign, is_secret=True)
    restart()
    assert unreadable() == ["workos_api_key"]
    assert get_config().workos_api_key.reveal() == API_KEY


def test_every_reason_is_one_line(key_file: Path) -> None:
    lose_key(key_file)
    for attempt in (install_keyring.get_keyring, lambda: plan({"workos_api_key": API_KEY}).apply()):
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert "canary" not in str(caught.value)
