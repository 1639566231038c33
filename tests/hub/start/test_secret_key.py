"""Django's ``SECRET_KEY`` belongs to the state of the process."""

from __future__ import annotations

from django.conf import settings

from config_app.testing import reset_process
from hub.start import secret_key


def test_a_reset_of_the_process_forgets_the_key_and_the_pause_after_a_locked_keyring(install: None) -> None:
    own = str(settings.SECRET_KEY)
    secret_key.derived_keys.texts, secret_key.derived_keys.keyring = ["of another install"], None
    secret_key.derived_keys.retry_at = float("inf")  # as if a keyring had been locked a moment ago
    assert str(settings.SECRET_KEY) == "of another install"
    reset_process()
    assert str(settings.SECRET_KEY) == own
