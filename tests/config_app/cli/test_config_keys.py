"""``config keys``: the ways to unlock can be listed, added, removed and retired (K9, K11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config_app.api import get_config, plan
from config_app.cli.verb import WrongCall
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker
from config_app.errors import ConfigError, KeyringLocked
from config_app.models import KeySlot
from config_app.store import writing
from tests.support.config_command import CANARY, config, database_content, run, sql
from tests.support.doctor_findings import findings
from tests.support.keys import Configure, locked_here

pytestmark = pytest.mark.django_db(transaction=True)

SHARED_TEXT = "a key that several machines share"
SHARED = SharedUnlocker(Secret(SHARED_TEXT))
OTHER = SharedUnlocker(Secret("a different key that several machines share"))


@pytest.fixture(autouse=True)
def _secret(transactional_db: None, install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()


@pytest.fixture
def machine() -> MachineUnlocker:
    return MachineUnlocker(settings.INSTANCE.key_file)


@pytest.fixture
def code_file(tmp_path: Path) -> str:
    config("recovery-code", "--file", f"{tmp_path}/code")
    return f"{tmp_path}/code"


@pytest.fixture
def shared_file(tmp_path: Path) -> str:
    (tmp_path / "shared").write_text(f"{SHARED_TEXT}\n")
    return f"{tmp_path}/shared"


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = config("keys", "--json").json["keys"]
    return found


def ids(kind: str) -> list[str]:
    return [str(slot["id"]) for slot in listed() if slot["kind"] == kind]


def refused(*arguments: str, match: str) -> None:
    before = database_content()
    with pytest.raises(ConfigError, match=match):
        config("keys", *arguments)
    assert database_content() == before


def test_the_list_says_what_opens_here(code_file: str) -> None:
    assert [(slot["kind"], slot["opens_here"]) for slot in listed()] == [
        ("machine", True),
        ("recovery", False),
    ]
    table = config("keys").out
    assert "recovery code of 2" in table
    assert "ready" in table


def test_the_list_works_with_a_locked_keyring() -> None:
    with locked_here():
        assert [slot["opens_here"] for slot in listed()] == [False]
        assert "run manage.py unlock" in config("keys").err


def test_a_shared_key_is_added_from_a_file_and_opens(shared_file: str, configure: Configure) -> None:
    config("keys", "add", "shared", "--key-file", shared_file)
    configure(SHARED)
    assert get_config().workos_api_key.reveal() == CANARY


def test_a_key_that_is_not_configured_cannot_be_added() -> None:
    refused("add", "shared", match="no shared key is configured here")


def test_a_recovery_code_cannot_become_a_shared_key(code_file: str) -> None:
    refused("add", "shared", "--key-file", code_file, match="this is a recovery code")


def test_the_last_way_to_unlock_stays() -> None:
    for action in ("remove", "retire"):
        refused(action, *ids("machine"), match="the only way to unlock")


def test_a_way_is_removed_only_if_another_one_was_shown_to_open(code_file: str) -> None:
    refused("remove", *ids("machine"), match="no key that is available here opens another slot")
    config("keys", "remove", *ids("machine"), "--code-file", code_file)
    assert [slot["kind"] for slot in listed()] == ["recovery"]


def test_a_wrong_code_shows_nothing(code_file: str, tmp_path: Path) -> None:
    config("recovery-code", "--file", f"{tmp_path}/newer")
    refused("remove", *ids("machine"), "--code-file", code_file, match="no key that is available here")


def test_what_is_not_in_the_list_is_refused() -> None:
    refused("remove", "999999", match="no way to unlock has the id 999999")
    refused("retire", "recovery", match="expected an id or a kind")
    with pytest.raises(WrongCall):
        config("keys", "add", "machine", "--key-file", "x")


def test_a_removed_slot_leaves_a_note_about_old_copies(code_file: str) -> None:
    assert "run manage.py config rotate-key" in config("keys", "remove", *ids("recovery")).err


def test_a_retired_shared_key_opens_nothing_and_does_not_come_back(
    configure: Configure, machine: MachineUnlocker
) -> None:
    configure(SHARED, machine)
    with writing():
        enrolment.ensure_slots()
    config("keys", "retire", *ids("shared"))
    assert not enrolment.lacks_slot()
    with writing():
        enrolment.ensure_slots()
    assert findings("keyring")[1] == ["key_retired"]
    configure(SHARED)
    with pytest.raises(KeyringLocked, match="the shared key does not fit: it was retired"):
        enrolment.opening_kinds()


def test_a_former_shared_key_is_retired_by_its_kind(configure: Configure, machine: MachineUnlocker) -> None:
    for shared in (SHARED, OTHER):
        configure(shared, machine)
        with writing():
            enrolment.ensure_slots()
    config("keys", "retire", "shared")
    refused("retire", "shared", match="no shared key besides the one that is configured")
    configure(OTHER)
    assert get_config().workos_api_key.reveal() == CANARY
    configure(SHARED)
    assert get_config().workos_api_key is None


def test_by_kind_nothing_is_retired_where_no_key_of_this_kind_opens(
    configure: Configure, machine: MachineUnlocker
) -> None:
    configure(SHARED, machine)
    with writing():
        enrolment.ensure_slots()
    for configured in ((machine,), (OTHER, machine)):
        configure(*configured)
        refused("retire", "shared", match="no shared key that is configured here unlocks the secrets")
    configure(SHARED)
    assert get_config().workos_api_key.reveal() == CANARY


def test_a_short_shared_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("x" * 31)
    refused(
        "add", "shared", "--key-file", f"{tmp_path}/short", match="a shared key of at least 32 characters"
    )


def test_a_retired_key_is_not_added_again(shared_file: str) -> None:
    config("keys", "add", "shared", "--key-file", shared_file)
    config("keys", "retire", *ids("shared"))
    refused("add", "shared", "--key-file", shared_file, match="this shared key was retired")


def test_a_slot_that_this_install_did_not_make_is_named() -> None:
    KeySlot.objects.create(kind="recovery", label="theirs", public_key="00" * 32, tag="x")
    assert "not made by this install" in config("keys").out
    assert findings("keyring") == ("error", ["slot_not_genuine"])


def test_an_altered_slot_is_named() -> None:
    sql("UPDATE config_key_slot SET label = 'another name'")
    assert findings("keyring") == ("error", ["slot_not_genuine"])


def test_unlock_gives_this_machine_a_slot_of_its_own(code_file: str) -> None:
    with locked_here():
        assert "can read the secrets from now on" in run("unlock", "--code-file", code_file).out
        assert get_config().workos_api_key.reveal() == CANARY
    assert get_config().workos_api_key.reveal() == CANARY
    assert len(ids("machine")) == 2


def test_unlock_accepts_a_shared_key_too(shared_file: str) -> None:
    config("keys", "add", "shared", "--key-file", shared_file)
    with locked_here():
        run("unlock", "--code-file", shared_file)
        assert get_config().workos_api_key.reveal() == CANARY


def test_unlock_with_a_wrong_code_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "typo").write_text("7K2M-9QXD")
    (tmp_path / "wrong").write_text("a shared key that was never used here")
    with locked_here():
        before = database_content()
        for name, match in (
            ("typo", "it has 8 letters and digits instead of 28"),
            ("wrong", "does not fit: it has no slot"),
        ):
            with pytest.raises(ConfigError, match=match):
                run("unlock", "--code-file", f"{tmp_path}/{name}")
        assert database_content() == before
        assert not settings.INSTANCE.key_file.exists()


def test_unlock_where_nothing_is_locked_says_so(code_file: str) -> None:
    assert "this machine could read the secrets before" in run("unlock", "--code-file", code_file).out
    assert len(ids("machine")) == 1
