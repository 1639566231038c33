"""Restore an uploaded backup, or abandon a keyring that no key unlocks.

Each function makes all its changes in one transaction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from django.db import transaction

from config_app import store
from config_app.change.abandonment import Abandonment, abandon
from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.encryption.slot_management import new_recovery_code, unlock_with
from config_app.encryption.unlockers import Unlocker
from config_app.errors import ConfigError, KeyringLocked
from config_app.live import runtime
from config_app.models import Revision
from config_app.store import Origin
from config_app.store.failures import database_errors
from setup_wizard.claiming import tokens, upload
from setup_wizard.claiming.state import unclaimed_config_in
from setup_wizard.errors import AlreadyClaimed
from setup_wizard.product import get_product

ACTOR = "setup"


class WrongCode(ConfigError):
    """The entered code does not unlock the secrets in a backup. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "this code does not unlock the secrets in the backup", fix="compare the code with your copy"
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A committed restore. ``is_claimed`` is true if the install is claimed after the restore."""

    revision: Revision
    is_claimed: bool


def restore(
    path: Path,
    *,
    holder: str,
    unlocker: Unlocker | None,
    drops_secrets: bool,
    address: str,
    hand_over: Callable[[Secret], None],
) -> Restored:
    """Replace the unclaimed install with the backup at ``path``. Make the secrets readable on this machine.

    If no key of this machine unlocks the secrets, unlock the secrets with ``unlocker``. If ``unlocker`` is
    ``None`` and ``drops_secrets`` is true, drop the secrets, make a new keyring, and call ``hand_over`` with
    the new recovery code.

    Raise ``AlreadyClaimed`` if the install is claimed, and ``TakenOver`` if another browser has used a newer
    token. Raise ``WrongCode`` if ``unlocker`` does not unlock the secrets. Raise another ``ConfigError`` if
    the backup cannot be restored. After an error, nothing is changed.
    """
    origin = Origin(actor=ACTOR, channel="restore", reason="restored in the wizard", address=address)
    with database_errors(), transaction.atomic():
        _require_right(holder)
        revision = get_product().restore_backup(path, origin)
        if install_keyring.is_locked_now():
            _make_readable(unlocker, drops_secrets=drops_secrets, hand_over=hand_over)
        is_claimed = _is_claimed()
        if is_claimed:
            tokens.discard()
        else:
            tokens.keep_holder(holder)
        transaction.on_commit(upload.discard)
        runtime.reload_on_commit()
    return Restored(revision=revision, is_claimed=is_claimed)


def _require_right(holder: str) -> None:
    # This takes the writers' lock, which is held until the commit.
    with store.writing() as stored:
        unclaimed_config_in(stored)
        tokens.require_holder(holder)


def _make_readable(
    unlocker: Unlocker | None, *, drops_secrets: bool, hand_over: Callable[[Secret], None]
) -> None:
    if unlocker is not None:
        try:
            unlock_with(unlocker)
        except KeyringLocked:
            raise WrongCode from None
    elif drops_secrets:
        abandon(actor=ACTOR, channel="wizard")
        new_recovery_code(hand_over, is_confirmed=False)
    else:
        fix = "enter the recovery code or the shared key, or drop the secrets"
        raise ConfigError("no key of this machine unlocks the secrets in the backup", fix=fix)


def _is_claimed() -> bool:
    try:
        unclaimed_config_in(store.read())
    except AlreadyClaimed:
        return True
    return False


def abandon_keyring(*, holder: str) -> Abandonment:
    """Drop the secrets of an unclaimed install, make a new keyring, and return what was dropped.

    Raise ``AlreadyClaimed`` if the install is claimed, and ``TakenOver`` if another browser has used a newer
    token. Raise another ``ConfigError`` if a key still unlocks the old keyring.
    """
    with database_errors(), transaction.atomic():
        _require_right(holder)
        return abandon(actor=ACTOR, channel="wizard")
