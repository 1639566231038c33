"""Abandons a keyring that no key unlocks: drops the secrets and makes a new keyring."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from config_app import store
from config_app.change.adoption import adopt
from config_app.change.plan import actor_name
from config_app.declaration.secret import Secret
from config_app.encryption import enrolment, install_keyring, key_tables
from config_app.encryption.keyring import Keyring
from config_app.errors import ConfigError, is_key_shaped
from config_app.live import runtime
from config_app.models import Change, DataKey, KeySlot, Revision, SystemConfig
from config_app.project import get_project, get_schema
from config_app.store import CODE, Edit, Origin

NOT_LOCKED = "the keyring is not locked, so the secrets are not lost"


@dataclasses.dataclass(frozen=True, slots=True)
class Abandonment:
    """What an abandonment dropped.

    - ``revision``: the revision that records the abandonment.
    - ``lost``: the keys of the dropped secrets.
    - ``archived``: the number of secrets that were removed from the history.
    """

    revision: Revision
    lost: tuple[str, ...]
    archived: int


def abandoned_keys() -> tuple[str, ...]:
    """Return the keys of the stored secrets that an abandonment would drop."""
    return tuple(k if is_key_shaped(k) else "a row whose name is not a valid key" for k in _secret_rows())


def abandon(*, actor: object = None, channel: str = CODE, reason: str = "") -> Abandonment:
    """Drop every secret and make a new keyring. Return what was dropped, and the revision with the changes.

    Each secret that the project generates gets a new value. Raise ``ConfigError`` if the keyring can still be
    unlocked.
    """
    with store.writing() as found:
        if not install_keyring.is_locked_now():
            raise ConfigError(NOT_LOCKED, fix="to drop a secret, run manage.py config unset KEY")
        stored, lost = adopt(found), abandoned_keys()
        # The text of a lost secret is of no use, so the history keeps only that there was one.
        edits = {key: Edit(key=key, old="", new=None, is_secret=True) for key in _secret_rows()}
        archived = _forget()
        keyring = enrolment.make_keyring(install_keyring.unlockers())
        get_project().renew_other_secrets(lambda _name, _text: None)
        edits |= {edit.key: edit for edit in _generated(keyring)}
        why = reason or f"no key unlocked the secrets; lost: {', '.join(lost) or 'no secret'}"
        origin = Origin(actor=actor_name(actor), channel=channel, reason=why)
        revision = store.record(stored, edits.values(), origin)
        runtime.reload_on_commit()
    return Abandonment(revision=revision, lost=lost, archived=archived)


def _secret_rows() -> list[str]:
    return list(SystemConfig.objects.filter(is_secret=True).order_by("pk").values_list("pk", flat=True))


def _forget() -> int:
    """Remove the old keyring, and remove all ciphertexts from the history.

    Return the number of secrets that were removed from the history.
    """
    KeySlot.objects.all().delete()
    DataKey.objects.all().delete()
    secrets = Change.objects.filter(is_secret=True)
    secrets.filter(key_tables.has_ciphertext("old_value")).update(old_value="")
    return secrets.filter(key_tables.has_ciphertext("new_value")).update(new_value="")


def _generated(keyring: Keyring) -> Iterator[Edit]:
    """Yield an edit for each secret that the project generates."""
    stored = _secret_rows()
    for key, value in get_project().generated_secrets().items():
        text = Secret(get_schema()[key].canonical(value))
        ciphertext = keyring.encrypt(key, text.reveal())
        yield Edit(key=key, old="" if key in stored else None, new=ciphertext, is_secret=True)
