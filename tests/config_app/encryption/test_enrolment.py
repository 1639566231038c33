"""Every key that is configured and readable gets a slot at the next start (K11)."""

from __future__ import annotations

import pytest
from django.conf import settings

from config_app import store
from config_app.api import get_config, plan
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker
from tests.support.config_command import CANARY
from tests.support.keys import Configure

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()


def test_a_key_that_is_configured_later_gets_a_slot(configure: Configure) -> None:
    shared = SharedUnlocker(Secret("a key that several machines share"))
    machine = MachineUnlocker(settings.INSTANCE.key_file)
    configure(shared, machine)
    assert enrolment.lacks_slot()
    with store.writing():
        enrolment.ensure_slots()
    assert not enrolment.lacks_slot()
    configure(shared)
    assert get_config().workos_api_key.reveal() == CANARY


def test_another_shared_key_beside_the_machines_key_gets_a_slot_too(configure: Configure) -> None:
    first = SharedUnlocker(Secret("the shared key of the claim, with 32 characters"))
    second = SharedUnlocker(Secret("a different shared key, with 32 characters"))
    machine = MachineUnlocker(settings.INSTANCE.key_file)
    for keys in ((first, machine), (second, machine)):
        configure(*keys)
        assert enrolment.lacks_slot()
        with store.writing():
            enrolment.ensure_slots()
    configure(second)
    assert get_config().workos_api_key.reveal() == CANARY
