"""The checks of ``config doctor`` for the setup: the setup token and the draft of the wizard."""

from __future__ import annotations

from config_app.errors import DecryptionFailed
from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from setup_wizard.claiming import draft as drafts
from setup_wizard.claiming import tokens
from setup_wizard.claiming.draft import Draft
from setup_wizard.product import get_product


def setup_token(overview: Overview) -> Finding:
    """If the install is unclaimed, check that a person can claim the install.

    If the install is claimed, check that there is no token file any more.
    """
    path = get_product().token_file()
    if get_product().is_configured(overview.config):
        message = f"{path} still exists, but its token is not valid any more"
        left = Problem(code="token_left", message=message, fix="remove the file")
        return Finding("already claimed; there is no valid token", (left,) if path.exists() else ())
    if tokens.is_usable():
        return Finding(f"not claimed yet; the setup token is in {path}")
    if tokens.is_held():
        return Finding("not claimed yet; a person is setting it up in a browser")
    unusable = Problem(
        code="token_unusable",
        message=f"{path} is missing, expired or readable by other users, so no one can claim this install",
        fix="run manage.py setup_token, which prints a new link",
    )
    return Finding("not claimed yet", (unusable,))


def setup_draft(_overview: Overview) -> Finding:
    """Check that every secret entered in the wizard can be decrypted.

    Raise ``KeyringLocked`` if the keyring is locked.
    """
    draft = drafts.load()
    lost = [key for key in sorted(draft.secrets) if not _decrypts(draft, key)]
    text = f"{len(draft.steps)} steps, {len(draft.secrets) - len(lost)} secrets" if draft.steps else "none"
    return Finding(text, tuple(_lost(key) for key in lost))


def _decrypts(draft: Draft, key: str) -> bool:
    try:
        draft.secret(key)
    except DecryptionFailed:
        return False
    return True


def _lost(key: str) -> Problem:
    message = f"{key}: the secret entered in the wizard cannot be decrypted"
    fix = "open the step of this secret in the wizard, and enter the secret again"
    return Problem(code="draft_secret_unreadable", message=message, fix=fix, keys=(key,), severity="error")
