"""The claim: one transaction that turns an unclaimed install into a claimed one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from config_app import store
from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.encryption.slot_management import new_recovery_code
from config_app.errors import ConfigError, InvalidPlan
from config_app.live.resolution import read_without_keyring
from config_app.live.snapshot import read_snapshot
from config_app.models import Revision
from config_app.project import get_schema
from config_app.store.failures import database_errors
from setup_wizard.claiming import draft as drafts
from setup_wizard.claiming import tokens
from setup_wizard.claiming.draft import Draft
from setup_wizard.claiming.state import unclaimed_config_in
from setup_wizard.product import Administrator, Application, get_product
from setup_wizard.steps import ACCOUNT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A completed claim. ``user`` is the new account, or ``None`` if the claim made no account."""

    revision: Revision
    user: AbstractBaseUser | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a claim would do: raise ``errors``, or make the runtime config ``after``."""

    errors: Sequence[ConfigError] = ()
    after: Any = None


def application_of(draft: Draft) -> Application:
    """Turn the answers in ``draft`` into an ``Application`` and return it.

    Raise ``KeyringLocked`` or ``DecryptionFailed`` if a secret in the draft cannot be decrypted.
    """
    return Application(
        mode=draft.mode,
        changes=draft.values() | draft.secret_values(),
        administrator=_administrator_of(draft),
    )


def _administrator_of(draft: Draft) -> Administrator | None:
    account = draft.steps.get(ACCOUNT)
    if account is None or draft.mode not in get_product().account_modes:
        return None
    return Administrator(email=account["email"], name=account["name"], password=draft.password)


def claim(
    application: Application,
    *,
    holder: str | None,
    actor: object = None,
    channel: str = "wizard",
    reason: str = "",
    address: str = "",
    hand_over: Callable[[Secret], None] | None = None,
) -> Claim:
    """Claim the install and return the claim.

    If several processes try to claim the install at the same time, exactly one of them succeeds. ``holder``
    is the proof that the browser used the setup token. The browser's session contains this proof. For a
    command on the server, ``holder`` is ``None``, because a command needs no token. The history names
    ``actor``. If ``actor`` is ``None``, the history names the new account, or ``setup`` if the claim makes no
    account. If ``hand_over`` is given, make a recovery code and call ``hand_over`` with the code.

    Raise ``AlreadyClaimed`` if the install is claimed, and ``TakenOver`` if another browser has used a newer
    token. Raise ``InvalidPlan`` with every error if changes are not valid. Raise another ``ConfigError`` if
    the claim is refused for another reason. After an error, nothing is changed.
    """
    origin = _Origin(holder=holder, actor=actor, channel=channel, reason=reason, address=address)
    with database_errors(), transaction.atomic():
        done = _commit(application, origin)
        if hand_over is not None:
            # A command has shown the code when it ends. A browser may never show the next page.
            new_recovery_code(hand_over, is_confirmed=holder is None)
        return done


def rehearse(application: Application) -> Rehearsal:
    """Return what a claim would do now. Nothing is changed."""
    try:
        with database_errors(), transaction.atomic():
            _commit(application, _Origin(actor="rehearsal"))
            after = read_snapshot(read_without_keyring).config
            transaction.set_rollback(True)
    except InvalidPlan as error:
        return Rehearsal(errors=error.errors)
    except ConfigError as error:
        return Rehearsal(errors=[error])
    return Rehearsal(after=after)


def claim_made_with(application: Application) -> Claim | None:
    """Return the claim of this install if ``application`` made the claim. Otherwise return ``None``.

    The claim must have the mode and the owner of ``application``. If ``application`` has an administrator, an
    account with the same password hash must exist.
    """
    snapshot = read_snapshot(read_without_keyring)
    account, user = application.administrator, None
    with database_errors():
        revision = Revision.objects.get(pk=snapshot.revision)
        if account is not None:
            # Each password hash has its own salt, so only this application can have made the account.
            user = get_user_model()._default_manager.filter(password=account.password).first()
    if not get_product().is_same_claim(application, snapshot.config) or (account and user is None):
        return None
    return Claim(revision=revision, user=user)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Who makes the claim, and what the history says about the claim.

    ``holder`` is the proof that the browser used the setup token. The other fields appear in the history.
    """

    holder: str | None = dataclasses.field(default=None, repr=False)
    actor: object = None
    channel: str = "wizard"
    reason: str = ""
    address: str = ""


def _commit(application: Application, origin: _Origin) -> Claim:
    """Make the claim in the current transaction. Raise ``ConfigError`` if the claim is refused."""
    product = get_product()
    # This holds the writers' lock until the commit, so no other process can claim the install in between.
    with store.writing() as stored:
        config = unclaimed_config_in(stored)
        tokens.require_holder(origin.holder)
        product.prepare_claim(application)
        account = application.administrator
        user = None if account is None else product.make_administrator(account)
        wanted = product.claim_changes(application, config)
        planned = plan(_effective_changes(wanted, config), managed=True)
        revision = planned.apply(
            actor=origin.actor or user or "setup",
            channel=origin.channel,
            reason=origin.reason or "claimed",
            address=origin.address,
        )
        if revision is None:
            raise ConfigError("the claim would change nothing", fix="run manage.py config validate")
        drafts.discard()
        tokens.discard()
    return Claim(revision=revision, user=user)


def _effective_changes(wanted: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """Return ``wanted`` without the values that ``config`` already has.

    Keep every secret, and keep every setting whose last change was refused.
    """
    schema, newest_refusals = get_schema(), {change.key for change in store.newest_refusals()}
    return {
        key: value
        for key, value in wanted.items()
        if schema[key].is_secret or key in newest_refusals or value != schema.value(config, key)
    }
