"""The setup token. It proves that a person can run commands on the server of the install."""

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
from config_app.encryption.private_files import GROUP_OR_WORLD, LARGEST, read_regular, replace
from config_app.errors import ConfigError
from config_app.store.failures import database_errors
from setup_wizard.claiming import upload
from setup_wizard.errors import TakenOver
from setup_wizard.models import SetupDraft, SetupToken
from setup_wizard.product import get_product

logger = logging.getLogger("setup_wizard")

BYTES = 32
LIFETIME = dt.timedelta(hours=24)
CLOCK_LEEWAY = dt.timedelta(hours=1)
"""A token is accepted for this long after its expiry.

So a token does not stop working too early if the server's clock is set forward.
"""


def is_usable() -> bool:
    """Return whether the token file holds a token that is neither used nor expired."""
    return current() is not None


def current() -> Secret | None:
    """Return the token in the token file. Return ``None`` if the file has no token that can be used."""
    token = _read_file(get_product().token_file())
    if token is None:
        return None
    offered = SetupToken.objects.filter(used_at=None, expires_at__gt=timezone.now())
    with database_errors():
        return token if offered.filter(digest=_digest(token.reveal())).exists() else None


def ensure() -> None:
    """Make a token if there is no usable token.

    Several processes can call this function at the same time.
    """
    if is_usable():
        return
    with store.writing():
        if not is_usable():
            SetupToken.objects.filter(used_at=None, machine=socket.gethostname()).delete()
            _write_file(_issue(timezone.now()))


def renew(*, now: dt.datetime) -> None:
    """Make a new token, and delete all earlier tokens and the draft, in the current transaction."""
    with store.writing():
        SetupToken.objects.all().delete()
        # The draft may contain a stranger's password, which would become the password of the administrator.
        SetupDraft.objects.all().delete()
        transaction.on_commit(functools.partial(_publish, _issue(now)))


def accept(text: str) -> str | None:
    """Mark a token as used, and return the proof for the browser's session.

    If another browser has used a token before, the new browser takes over. The answers of the earlier holder
    then only prefill the forms. If the token is not valid, return ``None`` and change nothing.
    """
    digest, now = _digest(text.strip()), timezone.now()
    # This first search takes no lock, so a wrong token never has to wait for a writer.
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
    transaction.on_commit(upload.discard)


def is_holder(proof: str) -> bool:
    """Return whether ``proof`` belongs to the browser session that is allowed to set up the install."""
    with database_errors():
        holders = list(SetupToken.objects.exclude(used_at=None).values_list("digest", flat=True))
    return any(hmac.compare_digest(digest, proof) for digest in holders)


def require_holder(proof: str | None) -> None:
    """Raise ``TakenOver`` if the browser with ``proof`` is not allowed to set up the install.

    For a command on the server, ``proof`` is ``None``, because a command needs no token. Hold the writers'
    lock when you call this function, so that no other browser can take over before the commit.
    """
    if proof is not None and not is_holder(proof):
        raise TakenOver


def is_held() -> bool:
    """Return whether a browser session has used a token. This session can then set up the install."""
    with database_errors():
        return SetupToken.objects.exclude(used_at=None).exists()


def keep_holder(proof: str) -> None:
    """Store the used token of ``proof`` again, because a restore has just deleted all tokens.

    So the session with ``proof`` can continue the setup.
    """
    now = timezone.now()
    SetupToken.objects.create(
        digest=proof, machine=socket.gethostname(), created_at=now, expires_at=now, used_at=now
    )


def discard() -> None:
    """Delete every token in the current transaction. After the commit, remove the token file."""
    SetupToken.objects.all().delete()
    transaction.on_commit(_unlink)


def remove_invalid_file() -> None:
    """Remove the token file of this machine if its token cannot be used any more.

    After a claim on another machine, or after a restore, such a file is left over.
    """
    if get_product().token_file().exists() and not is_usable():
        _unlink()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _find(digest: str, now: dt.datetime) -> SetupToken | None:
    """Return the unused token with this digest. Return ``None`` if there is no such token.

    Every comparison takes constant time.
    """
    offered = SetupToken.objects.filter(used_at=None, expires_at__gt=now - CLOCK_LEEWAY)
    found = [token for token in offered if hmac.compare_digest(token.digest, digest)]
    return found[0] if found else None


def _issue(now: dt.datetime) -> Secret:
    """Make a token, store the hash of the token, and return the token. Also delete outdated tokens."""
    token = Secret(secrets.token_urlsafe(BYTES))
    remove_outdated(now)
    SetupToken.objects.create(
        digest=_digest(token.reveal()),
        machine=socket.gethostname(),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return token


def remove_outdated(now: dt.datetime) -> None:
    """Delete unused tokens that expired more than ``LIFETIME`` ago."""
    SetupToken.objects.filter(used_at=None, expires_at__lt=now - LIFETIME).delete()


def _publish(token: Secret) -> None:
    """Write ``token`` to the token file. If another process has replaced the token meanwhile, do nothing."""
    try:
        with store.writing():
            if SetupToken.objects.filter(digest=_digest(token.reveal())).exists():
                _write_file(token)
    except ConfigError as error:  # the commit is done; manage.py setup_token can make another token
        logger.error("%s", error)


def _read_file(path: Path) -> Secret | None:
    """Return the token in the file.

    Return ``None`` if the file cannot be read, or if other users can read the file.
    """
    try:
        if path.stat().st_mode & GROUP_OR_WORLD:
            return None  # other users may have read the token
        return Secret(read_regular(path, LARGEST).decode("ascii").strip())
    except (OSError, ValueError):
        return None


def _write_file(token: Secret) -> None:
    path = get_product().token_file()
    try:
        replace(path, token.reveal().encode() + b"\n")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConfigError:
    fix = "run the command as the user of the server, and check for free disk space"
    return ConfigError(f"the setup token {path} cannot be written: {error.strerror}", fix=fix)


def _remove_file(digest: str) -> None:
    """Remove the token file if it holds the token with this digest."""
    token = _read_file(get_product().token_file())
    if token is not None and _digest(token.reveal()) == digest:
        _unlink()


def _unlink() -> None:
    path = get_product().token_file()
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # harmless: the token in the file is not valid any more
        logger.warning("%s cannot be removed: %s", path, error.strerror)
