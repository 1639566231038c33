"""Problems that the doctor finds with secrets: which keys fit, and the names of lost secrets (K2, K8)."""

from __future__ import annotations

from pathlib import Path
from socket import gethostname
from typing import Any

import pytest
from django.conf import settings

from config_app import store
from config_app.api import plan
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker
from config_app.models import Change, KeySlot, SystemConfig
from setup_wizard.models import DRAFT_ID, SetupDraft
from tests.support.config_command import CANARY, sql, write_row
from tests.support.doctor_findings import fact, findings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _secret(transactional_db: None, install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()


class Keys:
    """A project with the given keys."""

    def __init__(self, *unlockers: Any) -> None:
        self.found = unlockers

    def unlockers(self) -> tuple[Any, ...]:
        return self.found


@pytest.fixture
def two_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure a shared key in addition to the machine's key."""
    machine: Path = settings.INSTANCE.key_file
    shared = SharedUnlocker(Secret("a key that several machines share"))
    monkeypatch.setattr(install_keyring, "get_project", lambda: Keys(shared, MachineUnlocker(machine)))


def test_a_keyring_that_nothing_unlocks_is_an_error_with_a_cure() -> None:
    sql("UPDATE config_wrapped_key SET wrapped = 'x'")
    for name in ("keyring", "archived_secrets"):
        assert fact(name).status == "error"
        why = f'the machine key does not fit: its slot, "{gethostname()}", is damaged'
        assert f"{why}; restore the key file" in str(fact(name).problems[0])


def test_a_salt_that_is_gone_is_an_error() -> None:
    sql("DELETE FROM system_config WHERE config_key = 'encryption_key_salt'")
    assert "encryption_key_salt is missing from the database" in str(fact("keyring").problems[0])


def test_a_key_without_a_slot_is_a_warning_until_it_has_one(two_keys: None) -> None:
    assert findings("keyring") == ("warning", ["key_without_slot"])
    assert "the only key, so keep a copy of it" in fact("keyring").finding
    with store.writing():
        enrolment.ensure_slots()
    assert fact("keyring").finding == "2 slots: machine, shared; unlocked here by shared and machine"
    assert fact("keyring").status == "ok"


def test_an_install_without_any_secret_needs_no_keyring() -> None:
    for model in (Change, KeySlot, SystemConfig):
        model._default_manager.all().delete()
    assert fact("keyring").finding == "there is no keyring yet; the first secret creates it"


def test_each_secret_that_does_not_decrypt_is_an_error_by_name() -> None:
    write_row("workos_api_key", "gAAAAA-canary", is_secret=True)
    assert findings("secrets") == ("error", ["secret_unreadable"])
    found = fact("secrets")
    assert found.problems[0].keys == ("workos_api_key",)
    assert "canary" not in str(found)


def test_a_secret_in_plain_text_is_an_error() -> None:
    write_row("workos_api_key", CANARY, is_secret=True)
    assert findings("secrets") == ("error", ["secret_unreadable"])


def test_a_secret_that_only_another_version_knows_is_decrypted_too() -> None:
    write_row("later_secret", install_keyring.get_keyring().encrypt("later_secret", CANARY), is_secret=True)
    assert findings("secrets") == ("ok", [])
    write_row("later_secret", install_keyring.get_keyring().encrypt("another", CANARY), is_secret=True)
    assert findings("secrets") == ("error", ["secret_unreadable"])


def test_a_row_whose_name_may_be_a_value_is_not_named() -> None:
    write_row("canary-value", "gAAAAA", is_secret=True)
    assert "canary" not in str(fact("secrets"))


def test_a_secret_of_the_history_that_does_not_decrypt_is_named_with_its_revision() -> None:
    plan({"workos_api_key": f"{CANARY}2"}).apply()
    Change.objects.filter(key="workos_api_key", revision=2).update(new_value="gAAAAA-canary")
    found = fact("archived_secrets")
    assert (found.status, found.finding) == ("warning", "1 of 2 can be decrypted")
    assert "workos_api_key: the secret of revision 2 cannot be decrypted" in str(found.problems[0])
    assert fact("secrets").status == "ok"


def test_a_draft_whose_secret_does_not_decrypt_is_named() -> None:
    SetupDraft.objects.create(pk=DRAFT_ID, secrets={"workos_api_key": "gAAAAA-canary"})
    assert findings("setup_draft") == ("error", ["draft_secret_unreadable"])
    assert "canary" not in str(fact("setup_draft"))
