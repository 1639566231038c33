"""An older copy of the database: what opens it, whatever happened since it was made (K2, K9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from config_app import store
from config_app.api import get_config, plan
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring, slot_management
from config_app.encryption.unlockers import MachineUnlocker, RecoveryUnlocker, SharedUnlocker, Unlocker
from config_app.errors import KeyringLocked
from config_app.testing import reset_process
from tests.conftest import bring_up, claim_for
from tests.support.config_command import CANARY, config, run
from tests.support.keys import Configure
from tests.support.soak import on_sqlite_first

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = SharedUnlocker(Secret("a key that several machines share"))


def machine() -> MachineUnlocker:
    return MachineUnlocker(settings.INSTANCE.key_file)


def new_code() -> RecoveryUnlocker:
    codes: list[Secret] = []
    slot_management.new_recovery_code(codes.append)
    return RecoveryUnlocker(codes[0])


@pytest.fixture
def code(transactional_db: None, install: None, configure: Configure) -> RecoveryUnlocker:
    """Give the recovery code of a claimed install with a secret and one slot of each kind."""
    claim_for("owner@example.com")
    plan({"workos_api_key": CANARY}).apply()
    configure(SHARED, machine())
    with store.writing():
        enrolment.ensure_slots()
    return new_code()


@pytest.fixture
def copy(code: RecoveryUnlocker, tmp_path: Path) -> str:
    """Make a copy of the database, and return its path."""
    run("backup", str(tmp_path / "hub.backup"))
    return str(tmp_path / "hub.backup")


def change_the_secret() -> None:
    plan({"workos_api_key": f"{CANARY}2"}).apply()


def rotate() -> None:
    config("rotate-key", "--yes", "--at-once")


def remove_the_other_slots() -> None:
    (shared,) = [slot for slot in slot_management.list_slots() if slot.kind == "shared"]
    config("keys", "retire", str(shared.id))
    new_code()


def lose_the_database() -> None:
    call_command("flush", verbosity=0, interactive=False)
    reset_process()
    bring_up()  # makes another data key


SINCE = [change_the_secret, rotate, remove_the_other_slots, lose_the_database]


@on_sqlite_first
@pytest.mark.parametrize("since", SINCE)
@pytest.mark.parametrize("unlocker", [machine(), SHARED], ids=["machine", "shared"])
def test_every_key_of_its_time_opens_it(
    copy: str, configure: Configure, since: Callable[[], None], unlocker: Unlocker
) -> None:
    since()
    run("restore", copy, "--yes")
    configure(unlocker)
    assert get_config().workos_api_key.reveal() == CANARY


@pytest.mark.parametrize("since", SINCE)
def test_the_code_of_its_time_opens_it_on_another_machine(
    copy: str, code: RecoveryUnlocker, configure: Configure, since: Callable[[], None]
) -> None:
    since()
    machine().key_file.unlink()
    configure(machine())
    machine().create()
    restored = run("restore", copy, "--yes")
    assert "no key of this machine unlocks the secrets; run manage.py unlock" in restored.err
    assert get_config().workos_api_key is None
    slot_management.unlock_with(code)
    reset_process()
    assert get_config().workos_api_key.reveal() == CANARY


def test_a_later_code_does_not_open_it_and_the_error_says_which_code_does(
    copy: str, code: RecoveryUnlocker, configure: Configure
) -> None:
    later = new_code()
    run("restore", copy, "--yes")
    reset_process()
    with pytest.raises(KeyringLocked, match=r"the recovery key does not fit: .*enter the recovery code of"):
        slot_management.unlock_with(later)
    assert slot_management.unlock_with(code) == []


def test_a_key_from_after_the_copy_gets_a_slot_at_the_next_start(copy: str, configure: Configure) -> None:
    other = SharedUnlocker(Secret("another key that several machines share"))
    configure(other, machine())
    run("restore", copy, "--yes")
    reset_process()
    with store.writing():
        enrolment.ensure_slots()
    configure(other)
    assert not install_keyring.is_locked()
    assert get_config().workos_api_key.reveal() == CANARY
