"""What is said on the server about claiming the install (S2)."""

from __future__ import annotations

from django.urls import reverse

from config_app.declaration.secret import Secret
from setup_wizard.claiming import tokens
from setup_wizard.product import get_product


def claim_link(origin: str, token: Secret) -> str:
    """Return the link that claims; the token is in the fragment, which browsers never send."""
    return f"{origin}{reverse('setup:token')}#token={token.reveal()}"


def how_to_claim(origin: str, *, is_terminal: bool) -> str:
    """Return what a starting server says: the link only to a terminal, as logs are read by many."""
    token = tokens.current() if is_terminal else None
    if token is not None:
        return f"Nobody has claimed it yet. Open {claim_link(origin, token)}"
    return (
        "Nobody has claimed it yet. Run `./manage.py setup_token` for the link; "
        f"its token is in {get_product().token_file()}"
    )
