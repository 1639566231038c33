"""Django's ``SECRET_KEY`` belongs to the state of the process."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.utils.crypto import salted_hmac

from config_app.encryption.install_keyring import get_keyring
from config_app.encryption.rotation import rotate
from config_app.live import runtime
from config_app.testing import reset_process
from hub.models import User
from hub.start import secret_key
from tests.support.browsers.clients import browser
from tests.support.keys import locked_here
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.processes.served_hub import post, visitor
from tests.support.waiting import wait_for


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


def test_everything_uses_the_key_after_the_keyring_was_unlocked(owner: User) -> None:
    own, key_file = str(settings.SECRET_KEY), settings.INSTANCE.key_file
    content = key_file.read_bytes()
    with locked_here():
        made_while_locked, token = signing.Signer(), default_token_generator.make_token(owner)
        early = made_while_locked.sign("x")
        assert early != signing.Signer(key=own).sign("x")
        person = browser()
        person.force_login(owner)
        key_file.touch(0o600)
        key_file.write_bytes(content)
        runtime.reload()  # a load needs the keyring, because there are secrets
        get_keyring()
        assert str(settings.SECRET_KEY) == own
        for signer in (made_while_locked, signing.Signer()):
            assert signer.sign("x") == signing.Signer(key=own).sign("x")
        assert salted_hmac("salt", "x").digest() == salted_hmac("salt", "x", secret=own).digest()
        assert default_token_generator.make_token(owner) != token
        # What was signed meanwhile stays valid, so that no one has to sign in again.
        assert signing.Signer().unsign(early) == "x"
        assert person.get("/api/config").status_code == 200


def test_a_rotation_ends_the_sessions_of_the_time_when_the_keyring_was_locked(owner: User) -> None:
    key_file = settings.INSTANCE.key_file
    content = key_file.read_bytes()
    with locked_here():
        person = browser()
        person.force_login(owner)
        key_file.touch(0o600)
        key_file.write_bytes(content)
        get_keyring()
        rotate(at_once=True)
        assert person.get("/api/config").status_code == 401


SESSION = f"""
from django.test import Client
from hub.models import User
client = Client()
client.force_login(User.objects.get(email={OWNER!r}))
print(client.session.session_key)
"""


def test_every_worker_uses_the_key_soon_after_the_key_file_came_back(claimed_hub: HubProcess) -> None:
    key_file, away = claimed_hub.data_dir / "machine.key", claimed_hub.folder / "away"
    ((own,),) = claimed_hub.sql("SELECT config_value FROM system_config WHERE config_key = 'install_id'")
    session = claimed_hub.manage("shell", "-v", "0", "-c", SESSION).strip()
    key_file.rename(away)
    claimed_hub.serve(workers=3)
    with visitor(claimed_hub) as person, visitor(claimed_hub) as known:
        known.cookies.set(f"sessionid-{own}", session)
        assert known.get("/api/config").status_code == 401
        person.cookies.set(f"hub_unlock_later-{own}", "1")
        assert post(person, "/auth/login", username=OWNER, password=PASSWORD).status_code == 302
        away.rename(key_file)

        def are_signed_in() -> bool:
            answers = [client.get("/api/config") for _ in range(8) for client in (known, person)]
            return {answer.status_code for answer in answers} == {200}

        wait_for(are_signed_in, "every worker to use the key", 20)
