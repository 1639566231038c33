"""Ways to unlock × what was lost: what opens, what is said, and what the way forward is (K2, K9, K10)."""

from __future__ import annotations

import pytest
from django.conf import settings

from config_app import store
from config_app.api import get_config, plan
from config_app.change.abandonment import abandon
from config_app.change.reset import reset
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring, slot_management, unlockers
from config_app.encryption.unlockers import MachineUnlocker, RecoveryUnlocker, SharedUnlocker
from config_app.errors import ConfigError, KeyringLocked
from config_app.live import runtime
from config_app.models import Change, KeySlot, Revision, SystemConfig
from config_app.propagation import watcher
from config_app.testing import reset_process
from tests.conftest import claim_for
from tests.support.config_command import CANARY, config
from tests.support.databases.raw_sql import raw_sql, set_row, value_of
from tests.support.doctor_findings import fact
from tests.support.keys import Configure
from tests.support.locked_keyring import unreadable
from tests.support.soak import IS_SOAK
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = SharedUnlocker(Secret("a key that several machines share"))
WRONG = SharedUnlocker(Secret("a different key that several machines share"))
SAME, ANOTHER, NO_FILE, OTHER_FILE = "same machine", "another machine", "lost key file", "another key file"
ON_SQLITE = pytest.mark.repeats if IS_SOAK else pytest.mark.only_sqlite
"""What opens depends on files, not on the database, so only ``make soak`` tries all of it on PostgreSQL."""
DATABASE_ALONE = "only a copy of the database, on another machine"
BACK = "restore the key file or the shared key"
CODE = "or run manage.py unlock and enter the recovery code of"
GIVE_UP = "if no key is left, run manage.py config keys abandon"


@pytest.fixture
def code(transactional_db: None, install: None, configure: Configure) -> RecoveryUnlocker:
    """Give the recovery code of an install with a secret and one slot of each kind."""
    plan({"workos_api_key": CANARY, "port": 9001}).apply()
    configure(SHARED, machine())
    with store.writing():
        enrolment.ensure_slots()
    codes: list[Secret] = []
    slot_management.new_recovery_code(codes.append)
    return RecoveryUnlocker(codes[0])


def machine() -> MachineUnlocker:
    return MachineUnlocker(settings.INSTANCE.key_file)


def befall(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the configured machine key meet one of the four situations."""
    if what in {ANOTHER, DATABASE_ALONE}:
        monkeypatch.setattr(unlockers, "machine_id", lambda: b"of another machine")
    if what in {NO_FILE, OTHER_FILE, DATABASE_ALONE}:
        machine().key_file.unlink()
    if what in {OTHER_FILE, DATABASE_ALONE}:
        machine().create()
    reset_process()


@ON_SQLITE
@pytest.mark.parametrize(
    ("keys", "what", "said"),
    [
        ([machine], SAME, None),
        ([machine], ANOTHER, "is here, but this machine has another machine id"),
        ([machine], NO_FILE, "the machine key is missing"),
        ([machine], OTHER_FILE, "but its key file is a different one"),
        ([machine], DATABASE_ALONE, "machine id and key file both differ from those of"),
        ([SHARED], SAME, None),
        ([SHARED], ANOTHER, None),
        ([SHARED], NO_FILE, None),
        ([SHARED], OTHER_FILE, None),
        ([SHARED], DATABASE_ALONE, None),
        ([WRONG], SAME, "the shared key does not fit: it is a different key"),
        ([WRONG], ANOTHER, "the shared key does not fit: it is a different key"),
        ([WRONG, machine], SAME, None),
        ([WRONG, machine], NO_FILE, "it is a different key; the machine key is missing"),
    ],
)
def test_what_opens_what_is_said_and_how_it_goes_on(
    code: RecoveryUnlocker,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    keys: list[object],
    what: str,
    said: str | None,
) -> None:
    befall(what, monkeypatch)
    configure(*(key() if key is machine else key for key in keys))
    if said is None:
        assert get_config().workos_api_key.reveal() == CANARY
        return
    before = KeySlot.objects.count(), value_of("encryption_key_salt")
    assert (get_config().workos_api_key, get_config().port) == (None, 9001)
    assert unreadable() == ["workos_api_key"]
    line = str(fact("keyring").problems[0])
    assert said in line
    assert all(part in line for part in (BACK, CODE, GIVE_UP))
    with store.writing():
        enrolment.ensure_keyring()
        enrolment.ensure_slots()
    assert (KeySlot.objects.count(), value_of("encryption_key_salt")) == before, "no path made a key"
    slot_management.unlock_with(code)
    reset_process()
    assert get_config().workos_api_key.reveal() == CANARY
    assert unreadable() == []


def damage_salt() -> None:
    set_row("encryption_key_salt", "banana")


def damage_slots() -> None:
    raw_sql("UPDATE config_wrapped_key SET wrapped = 'x'")


def lose_slots() -> None:
    raw_sql("DELETE FROM config_wrapped_key; DELETE FROM config_key_slot; DELETE FROM config_data_key")


def lose_key() -> None:
    machine().key_file.unlink()


DAMAGES = [damage_salt, damage_slots, lose_slots, lose_key]


@pytest.fixture(params=DAMAGES)
def locked(request: pytest.FixtureRequest, transactional_db: None, install: None) -> None:
    """Give a claimed install whose keyring nothing unlocks."""
    claim_for("owner@example.com")
    plan({"workos_api_key": CANARY, "port": 9001}).apply()
    plan({"workos_api_key": f"{CANARY}2"}).apply()
    request.param()
    reset_process()
    assert install_keyring.is_locked()


def test_abandoning_keeps_the_configuration_and_drops_the_secrets_by_name(locked: None) -> None:
    done = abandon(channel="cli")
    assert done.lost == ("workos_api_key",)
    assert Revision.objects.latest("number").reason == "no key unlocked the secrets; lost: workos_api_key"
    reset_process()
    assert (get_config().port, get_config().workos_api_key) == (9001, None)
    assert get_config().workos_cookie_password is not None
    assert not install_keyring.is_locked()
    assert fact("archived_secrets").status == fact("secrets").status == "ok"
    plan({"workos_api_key": f"{CANARY}3"}).apply()
    reset_process()
    assert get_config().workos_api_key.reveal() == f"{CANARY}3"


def test_abandoning_leaves_nothing_of_the_former_key(locked: None) -> None:
    before = set(Change.objects.exclude(new_value="").filter(key="workos_api_key").values_list("new_value"))
    config("keys", "abandon", "--yes")
    assert not before & set(Change.objects.values_list("new_value"))
    assert not SystemConfig.objects.filter(pk="workos_api_key").exists()
    assert [slot.kind for slot in KeySlot.objects.all()] == ["machine"]


def test_a_locked_install_can_be_reset_and_set_up_again(locked: None) -> None:
    reset()
    abandon()
    claim_for("new@example.com")
    plan({"workos_api_key": CANARY}).apply()
    reset_process()
    assert get_config().workos_api_key.reveal() == CANARY


def test_what_still_opens_is_not_abandoned(install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()
    with pytest.raises(ConfigError, match="the keyring is not locked"):
        config("keys", "abandon", "--yes")
    assert get_config().workos_api_key.reveal() == CANARY


def test_abandoning_asks_first(locked: None) -> None:
    before = Revision.objects.count()
    with pytest.raises(ConfigError, match="add --yes"):
        config("keys", "abandon")
    assert Revision.objects.count() == before
    with pytest.raises(KeyringLocked):
        install_keyring.get_keyring()


def test_bringing_the_key_back_needs_no_restart(
    code: RecoveryUnlocker, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = machine().key_file.read_bytes()
    machine().key_file.unlink()
    configure(machine())
    assert get_config().workos_api_key is None
    monkeypatch.setattr(watcher, "REVALIDATE", 0.05)
    running = watcher.Watcher()
    running.start()
    try:
        machine().key_file.touch(0o600)
        machine().key_file.write_bytes(content)
        wait_for(lambda: get_config().workos_api_key is not None, "the running process to use the key")
    finally:
        running.stop()
    assert get_config().workos_api_key.reveal() == CANARY
    assert runtime.get_snapshot().problems == ()


def test_entering_a_damaged_secret_again_fixes_it(code: RecoveryUnlocker) -> None:
    set_row("workos_api_key", "v2:00000000:gAAAA-damaged", is_secret=True)
    reset_process()
    assert unreadable() == ["workos_api_key"]
    plan({"workos_api_key": f"{CANARY}2"}).apply()
    reset_process()
    assert unreadable() == []
    assert get_config().workos_api_key.reveal() == f"{CANARY}2"
