"""An install of an earlier version keeps its secrets, and its slots are completed at the next start."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from config_app import store
from config_app.api import get_config, plan
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring, key_tables
from config_app.encryption.derivation import hkdf, read_salt
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker, Unlocker
from config_app.models import Change, DataKey, KeySlot
from config_app.testing import reset_process
from tests.support.databases.raw_sql import raw_sql, set_row, value_of
from tests.support.locked_keyring import unreadable

pytestmark = pytest.mark.django_db(transaction=True)

DATA_KEY = bytes(range(32))
OTHER = SharedUnlocker(Secret("the shared key of another machine"))


def under(key: bytes, content: bytes) -> str:
    """Return a Fernet token, as an earlier version made it."""
    return Fernet(base64.urlsafe_b64encode(key)).encrypt(content).decode()


@pytest.fixture(autouse=True)
def _earlier(transactional_db: None, install: None) -> None:
    """Write the tables as an earlier version did."""
    text = str(value_of("encryption_key_salt"))
    salt, machine = read_salt(text), MachineUnlocker(settings.INSTANCE.key_file)
    KeySlot.objects.all().delete()
    DataKey.objects.all().delete()
    for unlocker in (machine, OTHER):
        wrapped = under(unlocker.key_encryption_key(salt), DATA_KEY)
        values = f"'{unlocker.kind}', '{wrapped}', CURRENT_TIMESTAMP"
        raw_sql(f"INSERT INTO config_key_slot (kind, wrapped, created_at) VALUES ({values})")  # noqa: S608
    subkey = hkdf(DATA_KEY, salt, "config_app setting:workos_api_key")
    set_row("workos_api_key", under(subkey, b"sk_test_canary0001"), is_secret=True)
    reset_process()


def start() -> None:
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    reset_process()


def test_a_secret_is_readable_before_and_after_the_start_that_completes_the_slots() -> None:
    assert get_config().workos_api_key.reveal() == "sk_test_canary0001"
    start()
    assert get_config().workos_api_key.reveal() == "sk_test_canary0001"
    assert unreadable() == []


def test_reading_completes_nothing() -> None:
    get_config()
    assert not DataKey.objects.exists()


def test_the_start_completes_the_slot_that_this_machine_opens() -> None:
    assert enrolment.lacks_slot()
    start()
    assert not enrolment.lacks_slot()
    machine, other = key_tables.read_slots()
    assert (machine.kind, machine.is_of_an_earlier_version) == ("machine", False)
    assert other.is_of_an_earlier_version
    assert list(DataKey.objects.values_list("number", "key_id")) == [(1, "legacy")]


def test_the_start_of_the_other_machine_completes_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    monkeypatch.setattr(install_keyring, "unlockers", lambda: [OTHER])
    start()
    assert get_config().workos_api_key.reveal() == "sk_test_canary0001"
    assert not any(slot.is_of_an_earlier_version for slot in key_tables.read_slots())
    assert DataKey.objects.count() == 1


def test_until_a_rotation_an_earlier_version_can_read_everything() -> None:
    start()
    plan({"workos_api_key": "sk_test_canary0002"}).apply()
    salt = read_salt(str(value_of("encryption_key_salt")))
    machine = MachineUnlocker(settings.INSTANCE.key_file)
    slot = KeySlot.objects.get(kind="machine")
    key = base64.urlsafe_b64encode(machine.key_encryption_key(salt))
    data_key = Fernet(key).decrypt(slot.wrapped.encode())
    subkey = base64.urlsafe_b64encode(hkdf(data_key, salt, "config_app setting:workos_api_key"))
    assert Fernet(subkey).decrypt(str(value_of("workos_api_key"))) == b"sk_test_canary0002"
    assert Change.objects.filter(new_value=value_of("workos_api_key")).exists()


def test_a_key_that_opens_nothing_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def only(unlocker: Unlocker) -> None:
        monkeypatch.setattr(install_keyring, "unlockers", lambda: [unlocker])

    before = list(KeySlot.objects.values())
    only(SharedUnlocker(Secret("a key that never had a slot here")))
    start()
    only(MachineUnlocker(tmp_path / "gone"))
    start()
    assert list(KeySlot.objects.values()) == before
    assert not (tmp_path / "gone").exists()
