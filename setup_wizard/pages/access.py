"""Which browser session may set up: the one that brought the setup token."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from config_app.store.failures import database_errors
from setup_wizard.claiming import tokens
from setup_wizard.errors import TakenOver

PROOF = "setup_wizard.proof"


def unlock(request: HttpRequest, proof: str) -> None:
    """Let this browser set up, in a session of its own, so that no earlier one is carried over."""
    request.session.flush()
    request.session[PROOF] = proof
    with database_errors():
        request.session.save()
    rotate_token(request)


def holder(request: HttpRequest) -> str:
    """Return the proof of the token that this browser's session brought, which may be void by now.

    Raises ``TakenOver`` where it brought none, or has lost it since.
    """
    if (proof := _proof(request)) is None:
        raise TakenOver
    return proof


def may_set_up(request: HttpRequest) -> bool:
    """Tell whether this browser's session brought the token, and nobody has taken over since."""
    proof = _proof(request)
    return proof is not None and tokens.is_holder(proof)


def _proof(request: HttpRequest) -> str | None:
    with database_errors():
        proof = request.session.get(PROOF)
    return proof if isinstance(proof, str) else None
