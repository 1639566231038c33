"""Django's ``SECRET_KEY`` belongs to the state of the process."""

from __future__ import annotations

from django.conf import settings

from config_app.encryption.install_keyring import get_keyring
from config_app.testing import reset_process
from hub.start import secret_key
from tests.support.keys import locked_here


def pause() -> None:
    """Leave the key of another install, and a pause after a locked keyring that does not end by itself."""
    secret_key.derived_keys.texts, secret_key.derived_keys.keyring = ["of another install"], None
    secret_key.derived_keys.retry_at = float("inf")


def test_a_reset_of_the_process_forgets_the_key_and_the_pause_after_a_locked_keyring(install: None) -> None:
    own = str(settings.SECRET_KEY)
    reset_process()
    pause()
    assert str(settings.SECRET_KEY) == "of another install"
    reset_process()
    assert str(settings.SECRET_KEY) == own


def test_the_pause_ends_when_the_process_has_unlocked_the_keyring(install: None) -> None:
    """For example, a load after a restore unlocks the keyring, and the session of the browser needs it."""
    own = str(settings.SECRET_KEY)
    with locked_here():
        pause()
        assert str(settings.SECRET_KEY) == "of another install"
    pause()
    get_keyring()
    assert str(settings.SECRET_KEY) == own
