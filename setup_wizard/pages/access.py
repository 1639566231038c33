"""Only the browser session in which the setup token was entered is allowed to set up the install."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from config_app.store.failures import database_errors
from setup_wizard.claiming import tokens
from setup_wizard.errors import TakenOver

PROOF = "setup_wizard.proof"


def unlock(request: HttpRequest, proof: str) -> None:
    """Start a new session that allows this browser to set up the install.

    ``proof`` is the proof that the browser has used the setup token.
    """
    request.session.flush()
    request.session[PROOF] = proof
    with database_errors():
        request.session.save()
    rotate_token(request)


def holder(request: HttpRequest) -> str:
    """Return the proof in the session of this browser. Do not check whether the proof is still valid.

    Raise ``TakenOver`` if the session has no proof.
    """
    if (proof := _proof(request)) is None:
        raise TakenOver
    return proof


def may_set_up(request: HttpRequest) -> bool:
    """Return whether this browser's session has a proof and no other browser has taken over."""
    proof = _proof(request)
    return proof is not None and tokens.is_holder(proof)


def _proof(request: HttpRequest) -> str | None:
    with database_errors():
        proof = request.session.get(PROOF)
    return proof if isinstance(proof, str) else None
