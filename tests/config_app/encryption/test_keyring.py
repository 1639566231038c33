"""The keyring encrypts secrets, and only the right key unlocks it (K1, K2, K3)."""

from __future__ import annotations

import stat
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_app.declaration.reserved import is_ciphertext, key_id_of
from config_app.declaration.secret import Secret
from config_app.encryption import unlockers
from config_app.encryption.data_keys import DataKey
from config_app.encryption.derivation import new_salt, read_salt
from config_app.encryption.keyring import Keyring, new_keyring, unlock
from config_app.encryption.slots import Slot
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker, Unlocker
from config_app.errors import ConfigError, DecryptionFailed, KeyringLocked

SALT = bytes(range(16))
SECRET = "sk_test_canary0001"
SHARED = SharedUnlocker(Secret("a key that several machines share"))


def keyring_of(key: bytes, salt: bytes = SALT) -> Keyring:
    return Keyring([DataKey(key, salt, key_id="0123abcd", number=1)], salt)


@pytest.fixture
def keyring() -> Keyring:
    return new_keyring(SALT)


@pytest.fixture
def machine(tmp_path: Path) -> MachineUnlocker:
    unlocker = MachineUnlocker(tmp_path / "machine.key")
    unlocker.create()
    return unlocker


def reason(slots: list[Slot], *unlockers: Unlocker, salt: bytes = SALT) -> str:
    """Return the error's reason when none of ``unlockers`` fits one of ``slots``."""
    with pytest.raises(KeyringLocked) as caught:
        unlock(slots, unlockers, salt)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(st.text(st.characters(codec="utf-8")))
def test_a_secret_comes_back_as_it_was(text: str) -> None:
    keyring = keyring_of(bytes(32))
    assert keyring.decrypt("workos_api_key", keyring.encrypt("workos_api_key", text)) == text


def test_a_ciphertext_shows_nothing_and_is_recognised(keyring: Keyring) -> None:
    ciphertext = keyring.encrypt("workos_api_key", SECRET)
    assert SECRET not in ciphertext
    assert is_ciphertext(ciphertext)
    assert key_id_of(ciphertext) == keyring.newest.key_id
    assert ciphertext != keyring.encrypt("workos_api_key", SECRET)


def test_a_ciphertext_is_readable_only_as_the_setting_it_was_made_for(keyring: Keyring) -> None:
    ciphertext = keyring.encrypt("workos_api_key", SECRET)
    with pytest.raises(DecryptionFailed, match=r"^workos_cookie_password: "):
        keyring.decrypt("workos_cookie_password", ciphertext)


def test_a_ciphertext_is_not_readable_in_another_install_with_the_same_data_key() -> None:
    ciphertext = keyring_of(bytes(32)).encrypt("workos_api_key", SECRET)
    with pytest.raises(DecryptionFailed):
        keyring_of(bytes(32), bytes(16)).decrypt("workos_api_key", ciphertext)


def test_a_ciphertext_is_not_readable_with_another_data_key(keyring: Keyring) -> None:
    with pytest.raises(DecryptionFailed):
        keyring.decrypt("workos_api_key", new_keyring(SALT).encrypt("workos_api_key", SECRET))


@pytest.mark.parametrize("damage", ["", "x", "gAAAA", "é", "\0", "\ud800", SECRET, "A" * 5000])
def test_what_is_no_ciphertext_is_refused_without_being_repeated(keyring: Keyring, damage: str) -> None:
    with pytest.raises(DecryptionFailed) as caught:
        keyring.decrypt("workos_api_key", damage)
    assert SECRET not in str(caught.value)


@given(st.integers(0, 151), st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, change: int) -> None:
    keyring = keyring_of(bytes(32))
    ciphertext = bytearray(keyring.encrypt("workos_api_key", SECRET).encode())
    ciphertext[position % len(ciphertext)] ^= change
    try:
        found = keyring.decrypt("workos_api_key", ciphertext.decode("latin-1"))
    except DecryptionFailed:
        return
    assert found == SECRET  # base64 has padding bits without a meaning


def test_what_is_derived_belongs_to_one_purpose_and_one_install(keyring: Keyring) -> None:
    assert len(keyring.derive("django secret key")) == 32
    assert keyring.derive("one") != keyring.derive("two")
    assert keyring_of(bytes(32)).derive("one") != keyring_of(bytes(32), bytes(16)).derive("one")
    assert keyring.derive("setting:port") == keyring.derive("setting:port")


def test_nothing_shows_the_data_key(keyring: Keyring) -> None:
    assert repr(keyring) == str(keyring) == "<Keyring>"
    assert "shared" in repr(SHARED)
    assert SHARED.shared_key.reveal() not in repr(SHARED)


@pytest.mark.parametrize("kind", ["machine", "shared"])
def test_what_wrapped_the_data_key_unlocks_it(keyring: Keyring, machine: MachineUnlocker, kind: str) -> None:
    unlocker: Unlocker = machine if kind == "machine" else SHARED
    slot = keyring.slot_for(unlocker)
    assert slot.kind == kind
    found = unlock([slot], [unlocker], SALT)
    assert found.decrypt("workos_api_key", keyring.encrypt("workos_api_key", SECRET)) == SECRET


def test_any_of_several_ways_unlocks(keyring: Keyring, machine: MachineUnlocker, tmp_path: Path) -> None:
    slots = [keyring.slot_for(machine), keyring.slot_for(SHARED)]
    gone = MachineUnlocker(tmp_path / "gone")
    assert unlock(slots, [gone, SHARED], SALT).derive("x") == keyring.derive("x")
    assert unlock(slots, [SharedUnlocker(Secret("wrong")), machine], SALT).derive("x") == keyring.derive("x")


def test_a_wrong_shared_key_is_named_and_not_repeated(keyring: Keyring) -> None:
    line = reason([keyring.slot_for(SHARED)], SharedUnlocker(Secret("canary-wrong-key")))
    assert "the shared key does not fit: it is a different key; restore the key file or the shared" in line
    assert "canary" not in line


def held_by(error: BaseException | None) -> list[object]:
    """Return the local variables in the tracebacks of an error and its causes, without those of the test."""
    found: list[object] = []
    while error is not None:
        for frame, _line in traceback.walk_tb(error.__traceback__):
            if "config_app" in frame.f_globals["__name__"].partition(".")[0]:
                found += frame.f_locals.values()
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize("fault", ["does not fit", "others can read it", "damaged"])
def test_a_refusal_holds_no_key_in_its_traceback(machine: MachineUnlocker, fault: str) -> None:
    content = machine.key_file.read_bytes().strip()
    kept = content[:20] if fault == "damaged" else content
    machine.key_file.write_bytes(kept)
    machine.key_file.chmod(0o644 if fault == "others can read it" else 0o600)
    slots = [
        new_keyring(SALT).slot_for(SharedUnlocker(Secret("another"))),
        Slot(kind="machine", wrapped="gAAAA"),
    ]
    with pytest.raises(KeyringLocked) as caught:
        unlock(slots, [SHARED, machine], SALT)
    held = [value for value in held_by(caught.value) if isinstance(value, bytes)]
    assert set(held) <= {SALT, b""}


def test_a_missing_key_file_is_named(keyring: Keyring, machine: MachineUnlocker) -> None:
    slots = [keyring.slot_for(machine)]
    machine.key_file.unlink()
    assert "the machine key is missing" in reason(slots, machine)
    assert not machine.key_file.exists()


def test_every_way_that_failed_is_named(keyring: Keyring, tmp_path: Path) -> None:
    line = reason(
        [keyring.slot_for(SHARED)], SharedUnlocker(Secret("no")), MachineUnlocker(tmp_path / "gone")
    )
    assert "the shared key does not fit: it is a different key; the machine key is missing" in line


def test_without_any_key_nothing_unlocks(keyring: Keyring) -> None:
    assert "no key is configured" in reason([keyring.slot_for(SHARED)])


def test_another_key_file_does_not_fit(keyring: Keyring, machine: MachineUnlocker, tmp_path: Path) -> None:
    other = MachineUnlocker(tmp_path / "other.key")
    other.create()
    assert "the machine key does not fit" in reason([keyring.slot_for(machine)], other)


@pytest.mark.parametrize("wrapped", ["", "banana", "gAAAA\ud800", "é" * 40])
def test_a_mangled_slot_does_not_unlock(machine: MachineUnlocker, wrapped: str) -> None:
    assert "does not fit" in reason([Slot(kind="machine", wrapped=wrapped)], machine)


def test_the_key_file_alone_does_not_unlock_with_another_salt(
    keyring: Keyring, machine: MachineUnlocker
) -> None:
    assert "does not fit" in reason([keyring.slot_for(machine)], machine, salt=bytes(16))


def test_another_machine_does_not_unlock_with_a_copied_key_file(
    keyring: Keyring, machine: MachineUnlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = [keyring.slot_for(machine)]
    monkeypatch.setattr(unlockers, "machine_id", lambda: b"another machine")
    assert "does not fit" in reason(slots, machine)


@pytest.mark.parametrize("found", ["", " \n", None])
def test_an_empty_machine_id_is_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    place = tmp_path / "machine-id"
    if found is not None:
        place.write_text(found)
    monkeypatch.setattr(unlockers, "MACHINE_ID_FILES", (place, tmp_path / "neither"))
    assert unlockers.machine_id() == b""
    one, two = (MachineUnlocker(tmp_path / name) for name in ("one", "two"))
    one.create()
    two.create()
    assert one.key_encryption_key(SALT) != two.key_encryption_key(SALT)
    two.key_file.write_bytes(b"")
    with pytest.raises(KeyringLocked, match="damaged"):
        two.key_encryption_key(SALT)


def test_the_first_machine_id_that_says_something_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "dbus").write_text("0123abcd\n")
    monkeypatch.setattr(unlockers, "MACHINE_ID_FILES", (tmp_path / "empty", tmp_path / "dbus"))
    assert unlockers.machine_id() == b"0123abcd"


def test_the_key_file_is_private_random_and_written_once(machine: MachineUnlocker, tmp_path: Path) -> None:
    before = machine.key_file.read_bytes()
    machine.create()
    assert machine.key_file.read_bytes() == before
    assert stat.S_IMODE(machine.key_file.stat().st_mode) == 0o600
    assert len(before.strip()) == 44
    other = MachineUnlocker(tmp_path / "other.key")
    other.create()
    assert other.key_file.read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["machine.key", "other.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_key_file_that_others_can_reach_is_refused(machine: MachineUnlocker, mode: int) -> None:
    machine.key_file.chmod(mode)
    with pytest.raises(KeyringLocked, match=r"other users can read the key file .*; run chmod 600 "):
        machine.key_encryption_key(SALT)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"short", b" " * 64])
def test_a_damaged_key_file_is_refused(machine: MachineUnlocker, content: bytes) -> None:
    machine.key_file.write_bytes(content)
    with pytest.raises(KeyringLocked, match="is damaged; restore it from a backup, or remove it"):
        machine.key_encryption_key(SALT)


def test_a_key_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(KeyringLocked, match=r"machine\.key cannot be written: No such file"):
        MachineUnlocker(tmp_path / "nowhere" / "machine.key").create()


def test_a_keyring_knows_which_keys_open_it(keyring: Keyring, machine: MachineUnlocker) -> None:
    slots = [keyring.slot_for(SHARED), new_keyring(SALT).slot_for(machine)]
    assert keyring.opens_with(SHARED, slots)
    assert not keyring.opens_with(machine, slots)
    assert not keyring.opens_with(MachineUnlocker(machine.key_file.with_name("gone")), slots)


def test_a_salt_is_random_and_comes_back() -> None:
    assert new_salt() != new_salt()
    assert len(read_salt(new_salt())) == 16


@pytest.mark.parametrize("text", ["", "zz", "00", "00" * 15, "00" * 17, "0" * 31, "é", "\ud800"])
def test_a_mangled_salt_locks_the_keyring(text: str) -> None:
    with pytest.raises(KeyringLocked, match="encryption_key_salt in the database is damaged"):
        read_salt(text)


def test_every_refusal_here_is_one_that_the_command_line_prints() -> None:
    assert issubclass(KeyringLocked, ConfigError)
    assert issubclass(DecryptionFailed, ConfigError)
