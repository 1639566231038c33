"""The setup token: proof that whoever claims this install can run commands on its server (S2)."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import logging
import secrets
import socket
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from config_app import store
from config_app.declaration.secret import Secret
from config_app.encryption.private_files import GROUP_OR_WORLD, replace
from config_app.errors import ConfigError
from config_app.store.failures import database_errors
from setup_wizard.errors import TakenOver
from setup_wizard.models import SetupDraft, SetupToken
from setup_wizard.product import get_product

logger = logging.getLogger("setup_wizard")

BYTES = 32
LIFETIME = dt.timedelta(hours=24)
CLOCK_LEEWAY = dt.timedelta(hours=1)
"""How long an expired token is still taken, so that a link just printed works though a clock moves (R9)."""


def is_usable() -> bool:
    """Tell whether the file holds a token that is neither used nor expired."""
    return current() is not None


def current() -> Secret | None:
    """Return the token that the file offers, where it is neither used nor expired."""
    token = _read_file(get_product().token_file())
    if token is None:
        return None
    offered = SetupToken.objects.filter(used_at=None, expires_at__gt=timezone.now())
    with database_errors():
        return token if offered.filter(digest=_digest(token.reveal())).exists() else None


def ensure() -> None:
    """Make a token where there is no usable one; safe from many processes at once."""
    if is_usable():
        return
    with store.writing():
        if not is_usable():
            SetupToken.objects.filter(used_at=None, machine=socket.gethostname()).delete()
            _write_file(_issue(timezone.now()))


def renew(*, now: dt.datetime) -> None:
    """Make a new token and void all earlier ones, with the transaction that this is called in.

    What their holders had entered goes too: somebody else's password would become the administrator's.
    """
    with store.writing():
        SetupToken.objects.all().delete()
        SetupDraft.objects.all().delete()
        transaction.on_commit(functools.partial(_publish, _issue(now)))


def accept(text: str) -> str | None:
    """Use up a token and return the proof of it for the session; ``None`` where it is not valid.

    The new holder takes over from an earlier one, whose answers only fill in the forms. A wrong token
    changes nothing, and waits for no writer.
    """
    digest, now = _digest(text.strip()), timezone.now()
    with database_errors():
        if _find(digest, now) is None:
            return None
    with store.writing():
        token = _find(digest, now)
        if token is None:
            return None
        earlier, _ = SetupToken.objects.exclude(used_at=None).delete()
        if earlier:
            _hand_over_draft()
        SetupToken.objects.filter(pk=token.pk).update(used_at=now)
        transaction.on_commit(functools.partial(_remove_file, digest))
    return digest


def _hand_over_draft() -> None:
    for draft in SetupDraft.objects.all():
        draft.hand_over(get_product().heritable(draft.steps))


def is_holder(proof: str) -> bool:
    """Tell whether ``proof`` is that of the session that may set up."""
    with database_errors():
        holders = list(SetupToken.objects.exclude(used_at=None).values_list("digest", flat=True))
    return any(hmac.compare_digest(digest, proof) for digest in holders)


def require_holder(proof: str | None) -> None:
    """Raise ``TakenOver`` where a browser brought ``proof`` and may not set up any more.

    Called under the writers' lock, nobody can take over before the commit. ``None`` stands for whoever can
    run code on the server, and needs no token.
    """
    if proof is not None and not is_holder(proof):
        raise TakenOver


def is_held() -> bool:
    """Tell whether some session used a token up and may set up."""
    with database_errors():
        return SetupToken.objects.exclude(used_at=None).exists()


def discard() -> None:
    """Void every token, with the transaction that this is called in; the file goes with the commit."""
    SetupToken.objects.all().delete()
    transaction.on_commit(_unlink)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _find(digest: str, now: dt.datetime) -> SetupToken | None:
    """Return the token on offer with this digest; every one on offer is compared in constant time."""
    offered = SetupToken.objects.filter(used_at=None, expires_at__gt=now - CLOCK_LEEWAY)
    found = [token for token in offered if hmac.compare_digest(token.digest, digest)]
    return found[0] if found else None


def _issue(now: dt.datetime) -> Secret:
    """Store the hash of a new token and return the token; drops what expired long ago."""
    token = Secret(secrets.token_urlsafe(BYTES))
    SetupToken.objects.filter(used_at=None, expires_at__lt=now - LIFETIME).delete()
    SetupToken.objects.create(
        digest=_digest(token.reveal()),
        machine=socket.gethostname(),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return token


def _publish(token: Secret) -> None:
    """Write the file after the commit, unless another process has replaced the token since."""
    try:
        with store.writing():
            if SetupToken.objects.filter(digest=_digest(token.reveal())).exists():
                _write_file(token)
    except ConfigError as error:  # what was committed stays; manage.py setup_token makes another
        logger.error("%s", error)


def _read_file(path: Path) -> Secret | None:
    """Return what the file holds; a file that others could read offers nothing any more."""
    try:
        if path.stat().st_mode & GROUP_OR_WORLD:
            return None
        return Secret(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None


def _write_file(token: Secret) -> None:
    path = get_product().token_file()
    try:
        replace(path, token.reveal().encode() + b"\n")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConfigError:
    fix = "run this as the user that the hub runs as, and make room for it"
    return ConfigError(f"the setup token {path} cannot be written: {error.strerror}", fix=fix)


def _remove_file(digest: str) -> None:
    """Remove the file if it holds the token with this digest; a newer one stays."""
    token = _read_file(get_product().token_file())
    if token is not None and _digest(token.reveal()) == digest:
        _unlink()


def _unlink() -> None:
    path = get_product().token_file()
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # the token in it is void all the same
        logger.warning("%s cannot be removed: %s", path, error.strerror)
