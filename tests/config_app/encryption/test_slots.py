"""Slots open for one way to unlock, say which part differs, and cannot be forged (K2, K9)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_app.declaration.secret import Secret
from config_app.encryption import slots, unlockers
from config_app.encryption.data_keys import new_data_key
from config_app.encryption.keyring import new_keyring, unlock
from config_app.encryption.slots import Slot, is_genuine, opened, with_new_key
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker
from config_app.errors import KeyringLocked

SALT = bytes(range(16))
KEYRING = new_keyring(SALT)
SHARED = SharedUnlocker(Secret("a key that several machines share"))
SLOT = KEYRING.slot_for(SHARED)
TEXTS = ("kind", "label", "public_key", "machine_id_print", "key_file_print", "tag")


@pytest.fixture
def machine(tmp_path: Path) -> MachineUnlocker:
    unlocker = MachineUnlocker(tmp_path / "machine.key")
    unlocker.create()
    return unlocker


def why(slot: Slot, unlocker: MachineUnlocker | SharedUnlocker) -> str:
    with pytest.raises(KeyringLocked) as caught:
        unlock([slot], [unlocker], SALT)
    assert "\n" not in str(caught.value)
    return caught.value.why


def test_a_slot_opens_every_data_key_that_was_wrapped_for_it() -> None:
    new = new_data_key(SALT, number=2)
    slot = with_new_key(SLOT, KEYRING.newest, new, SALT)
    assert slot is not None
    found = opened(slot, SHARED, SALT)
    assert [key.exposed() for key in found] == [KEYRING.newest.exposed(), new.exposed()]
    assert is_genuine(slot, new)
    assert not is_genuine(slot, KEYRING.newest)


def test_a_changed_machine_id_is_named(machine: MachineUnlocker, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = dataclasses.replace(KEYRING.slot_for(machine), label="web-1")
    monkeypatch.setattr(unlockers, "machine_id", lambda: b"of another machine")
    assert why(slot, machine) == (
        'the machine key does not fit: the key file of "web-1" is here, '
        "but this machine has another machine id"
    )


def test_another_key_file_on_the_same_machine_is_named(machine: MachineUnlocker, tmp_path: Path) -> None:
    slot = dataclasses.replace(KEYRING.slot_for(machine), label="web-1")
    other = MachineUnlocker(tmp_path / "other.key")
    other.create()
    assert why(slot, other) == (
        'the machine key does not fit: this is the machine of "web-1", but its key file is a different one'
    )


def test_a_machine_that_shares_neither_part_is_told_so(
    machine: MachineUnlocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = dataclasses.replace(KEYRING.slot_for(machine), label="web-1")
    other = MachineUnlocker(tmp_path / "other.key")
    other.create()
    monkeypatch.setattr(unlockers, "machine_id", lambda: b"of another machine")
    assert why(slot, other).endswith('machine id and key file both differ from those of "web-1"')


def test_a_key_that_never_had_a_slot_is_told_so(machine: MachineUnlocker) -> None:
    assert why(SLOT, machine) == "the machine key does not fit: it has no slot"


def test_another_shared_key_is_told_so() -> None:
    other = SharedUnlocker(Secret("a different key that several machines share"))
    assert why(SLOT, other) == "the shared key does not fit: it is a different key"


def test_a_retired_key_opens_nothing() -> None:
    assert opened(dataclasses.replace(SLOT, retired=True), SHARED, SALT) == []
    assert why(dataclasses.replace(SLOT, retired=True), SHARED).endswith("it was retired")


def test_the_fingerprints_do_not_repeat_what_they_tell_apart(machine: MachineUnlocker) -> None:
    machine_id, key_file = machine.fingerprints(SALT)
    assert machine_id not in unlockers.machine_id().hex()
    assert key_file.encode() not in machine.key_file.read_bytes()
    assert machine.fingerprints(bytes(16)) != (machine_id, key_file)


@given(st.sampled_from(TEXTS), st.integers(0, 10_000), st.integers(1, 127))
def test_no_changed_fact_of_a_slot_goes_unnoticed(name: str, position: int, change: int) -> None:
    text = getattr(SLOT, name) or "\0"
    at = position % len(text)
    changed = text[:at] + chr(ord(text[at]) ^ change) + text[at + 1 :]
    slot = dataclasses.replace(SLOT, **{name: changed})  # type: ignore[arg-type]
    if name != "tag" or slots._bytes_of(changed) != slots._bytes_of(text):  # base64 has padding bits
        assert not is_genuine(slot, KEYRING.newest)
        assert with_new_key(slot, KEYRING.newest, new_data_key(SALT, 2), SALT) is None


@given(st.integers(0, 10_000), st.integers(1, 127))
def test_a_changed_wrapped_key_does_not_open_and_is_named_as_damaged(position: int, change: int) -> None:
    ((number, key_id, text),) = SLOT.keys
    at = position % len(text)
    changed = text[:at] + chr(ord(text[at]) ^ change) + text[at + 1 :]
    if slots._bytes_of(changed) == slots._bytes_of(text):
        return
    slot = dataclasses.replace(SLOT, keys=((number, key_id, changed),))
    assert opened(slot, SHARED, SALT) == []
    assert "is damaged" in why(slot, SHARED)


@pytest.mark.parametrize(("number", "key_id"), [(2, None), (1, "00000000")])
def test_a_wrapped_key_under_another_name_does_not_open(number: int, key_id: str | None) -> None:
    _number, own, text = SLOT.keys[0]
    assert opened(dataclasses.replace(SLOT, keys=((number, key_id or own, text),)), SHARED, SALT) == []


def test_a_wrapped_key_of_another_install_does_not_open() -> None:
    assert opened(new_keyring(bytes(16)).slot_for(SHARED), SHARED, SALT) == []


def test_an_attacker_cannot_wrap_a_data_key_for_the_public_key_of_a_slot() -> None:
    theirs = new_data_key(SALT, number=2)
    forged = slots._wrapped(SLOT, theirs, bytes(32), SALT)
    slot = dataclasses.replace(SLOT, keys=(*SLOT.keys, forged))
    assert [key.number for key in opened(slot, SHARED, SALT)] == [1]


def test_an_attackers_slot_gets_no_new_key() -> None:
    theirs = new_keyring(SALT).slot_for(SharedUnlocker(Secret("the key of an attacker")))
    assert with_new_key(theirs, KEYRING.newest, new_data_key(SALT, 2), SALT) is None
