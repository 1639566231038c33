"""``config rotate-key``: everything is encrypted again under a new data key, and stays readable (K4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core import signing

from config_app import store
from config_app.api import get_config, plan
from config_app.change.adoption import adopt
from config_app.cli.verb import WrongCall
from config_app.declaration.reserved import key_id_of
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring, rotation
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker
from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.models import Change, DataKey, KeySlot, Revision, SystemConfig
from config_app.propagation import watcher
from config_app.testing import reset_process
from hub.start import secret_key
from setup_wizard.claiming import draft
from setup_wizard.models import DRAFT_ID, SetupDraft
from tests.support.config_command import CANARY, config, sql
from tests.support.databases.raw_sql import value_of
from tests.support.doctor_findings import fact
from tests.support.keys import Configure, locked_here
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = SharedUnlocker(Secret("a key that several machines share"))


@pytest.fixture(autouse=True)
def _secrets(transactional_db: None, install: None) -> None:
    for number in range(5):
        plan({"workos_api_key": f"{CANARY}{number}"}).apply()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)


def rotate(*options: str) -> str:
    return config("rotate-key", "--yes", *options).out


def newest() -> str:
    return DataKey.objects.latest("number").key_id


def key_ids() -> set[str | None]:
    """Return the ids of the data keys of all ciphertexts."""
    rows = SystemConfig.objects.filter(is_secret=True).values_list("config_value", flat=True)
    history = Change.objects.filter(is_secret=True).values_list("old_value", "new_value")
    return {key_id_of(text) for text in (*rows, *(text for pair in history for text in pair if text))}


def archived() -> Iterator[str]:
    for text in (
        Change.objects.filter(key="workos_api_key").order_by("pk").values_list("new_value", flat=True)
    ):
        yield install_keyring.decrypt("workos_api_key", text or "")


ALL = [f"{CANARY}{number}" for number in range(5)]


def test_rows_and_history_are_under_the_new_key_and_readable(small_batches: None) -> None:
    before = newest()
    assert rotate().startswith("every secret is encrypted under the new data key ")
    assert newest() != before
    assert key_ids() == {newest()}
    for _ in range(2):
        assert get_config().workos_api_key.reveal() == ALL[-1]
        assert list(archived()) == ALL
        reset_process()


def test_the_draft_of_the_wizard_is_renewed_too() -> None:
    keyring = install_keyring.get_keyring()
    secrets = {"workos_api_key": keyring.encrypt("draft:workos_api_key", CANARY), "other": "gAAAA-damaged"}
    SetupDraft.objects.create(pk=DRAFT_ID, secrets=secrets)
    rotate("--at-once")
    reset_process()
    found = draft.load()
    assert found.secret("workos_api_key") == Secret(CANARY)
    assert key_id_of(found.secrets["workos_api_key"]) == newest()
    assert found.secrets["other"] == "gAAAA-damaged"


def test_no_revision_is_made_and_nothing_counts_as_changed_by_sql(small_batches: None) -> None:
    before = Revision.objects.count()
    rotate()
    sql("UPDATE system_config SET config_value = 'test2.db' WHERE config_key = 'database_path'")
    with store.writing() as stored:
        adopt(stored)
    assert Revision.objects.count() == before + 1
    assert [c.key for c in Change.objects.filter(revision=Revision.objects.latest("number"))] == [
        "database_path"
    ]


def test_a_running_process_follows_a_rotation_of_another_one() -> None:
    keyring = install_keyring.get_keyring()
    rotate()
    install_keyring._unlocked.keyring = keyring  # as in a process that has not loaded yet
    assert runtime.reload().config.workos_api_key.reveal() == ALL[-1]
    assert runtime.reload().problems == ()
    plan({"workos_api_key": f"{CANARY}new"}).apply()
    assert key_id_of(str(value_of("workos_api_key"))) == newest()


def test_a_process_with_the_former_key_never_encrypts_under_it() -> None:
    keyring = install_keyring.get_keyring()
    rotate("--at-once")
    install_keyring._unlocked.keyring = keyring
    plan({"workos_api_key": f"{CANARY}new"}).apply()
    assert key_id_of(str(value_of("workos_api_key"))) == newest()


def test_every_slot_gets_the_new_key_without_its_secret(configure: Configure) -> None:
    machine = MachineUnlocker(settings.INSTANCE.key_file)
    configure(SHARED, machine)
    with store.writing():
        enrolment.ensure_slots()
    configure(machine)
    rotate("--at-once")
    configure(SHARED)
    assert get_config().workos_api_key.reveal() == ALL[-1]
    assert list(archived()) == ALL


def test_a_slot_that_this_install_did_not_make_gets_no_new_key() -> None:
    theirs = KeySlot.objects.create(kind="recovery", label="theirs", public_key="00" * 32, tag="x")
    found = config("rotate-key", "--yes")
    assert (
        f"recovery {theirs.pk} will no longer unlock the secrets: this install did not make this slot"
        in found.err
    )
    assert not theirs.wrapped_keys.exists()


def test_an_interrupted_rotation_is_finished_instead_of_a_new_one() -> None:
    rotation._begin()
    reset_process()
    begun, mixed = newest(), key_ids()
    assert len(mixed) == 2
    assert list(archived()) == ALL
    rotate()
    assert newest() == begun
    assert key_ids() == {begun}


def test_the_former_key_is_kept_for_cookies_and_dropped_after_the_longest_session() -> None:
    former = signing.dumps("cookie", key=secret_key._derived(install_keyring.get_keyring().newest))
    rotate()
    assert DataKey.objects.count() == 2
    assert signing.loads(former) == "cookie"
    assert not rotation.has_expired()
    DataKey.objects.update(created_at="2020-01-01T00:00:00Z")
    assert rotation.has_expired()
    with store.writing():
        rotation.drop_expired()
    runtime.reload()
    assert list(DataKey.objects.values_list("key_id", flat=True)) == [newest()]
    with pytest.raises(signing.BadSignature):
        signing.loads(former)


def test_a_running_process_drops_the_former_key_after_the_longest_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rotate()
    DataKey.objects.update(created_at="2020-01-01T00:00:00Z")
    monkeypatch.setattr(watcher, "REVALIDATE", 0.05)
    running = watcher.Watcher()
    running.start()
    try:
        wait_for(lambda: DataKey.objects.count() == 1, "the watcher to drop the former key")
    finally:
        running.stop()
    assert get_config().workos_api_key.reveal() == ALL[-1]
    assert list(archived()) == ALL


def test_a_former_key_that_signed_cookies_of_today_is_kept_by_a_running_process() -> None:
    rotate()
    rotation.drop_in_running_process()
    assert DataKey.objects.count() == 2


def test_at_once_refuses_what_the_former_key_signed() -> None:
    former = signing.dumps("cookie")
    rotate("--at-once")
    runtime.reload()
    with pytest.raises(signing.BadSignature):
        signing.loads(former)
    assert DataKey.objects.count() == 1


def test_a_process_signs_with_the_former_key_until_every_process_knows_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring = install_keyring.get_keyring()
    rotate()
    signed = signing.dumps("cookie")
    install_keyring._unlocked.keyring = keyring  # as in a process that has not loaded yet
    assert signing.loads(signed) == "cookie"
    install_keyring._unlocked.keyring = None
    signing.dumps("cookie")
    secret_key.derived_keys.settles_at = 0.0
    assert str(settings.SECRET_KEY) == secret_key._derived(install_keyring.get_keyring().newest)


def test_what_no_key_decrypts_stays_and_is_counted() -> None:
    first = Change.objects.filter(key="workos_api_key").order_by("pk").first()
    assert first is not None
    Change.objects.filter(pk=first.pk).update(new_value="v2:00000000:gAAAA-damaged")
    assert "1 secrets of the history stay as they are" in config("rotate-key", "--yes").err
    assert Change.objects.get(pk=first.pk).new_value == "v2:00000000:gAAAA-damaged"
    assert fact("archived_secrets").status == "warning"


def test_the_result_can_be_read_by_a_program() -> None:
    found = config("rotate-key", "--yes", "--json").json
    assert found == {"key_id": newest(), "unreadable": 0, "former_keys": 1, "left_out": []}
    with pytest.raises(WrongCall, match="with --json, the command cannot ask"):
        config("rotate-key", "--json")


def test_without_a_yes_nothing_is_rotated() -> None:
    before = newest()
    with pytest.raises(ConfigError, match="add --yes"):
        config("rotate-key")
    assert newest() == before


def test_a_locked_keyring_is_not_rotated() -> None:
    with locked_here(), pytest.raises(ConfigError, match="the machine key is missing"):
        config("rotate-key", "--yes")
    assert DataKey.objects.count() == 1
