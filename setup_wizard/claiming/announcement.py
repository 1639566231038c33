"""The text in which the server says how to claim the install."""

from __future__ import annotations

from django.urls import reverse

from config_app.declaration.secret import Secret
from config_app.problems import runnable
from setup_wizard.claiming import tokens
from setup_wizard.product import get_product


def claim_link(origin: str, token: Secret) -> str:
    """Return the link with the setup token. The link opens the wizard."""
    # Browsers never send the fragment, so the token stays out of access logs.
    return f"{origin}{reverse('setup:token')}#token={token.reveal()}"


def how_to_claim(origin: str, *, is_terminal: bool) -> str:
    """Return a text that says how to claim the install.

    If ``is_terminal`` is true and there is a usable token, the text contains the link. Otherwise the text
    names the command that prints the link.
    """
    # Other output may go to a log. Many people can read logs, so the link must not appear there.
    token = tokens.current() if is_terminal else None
    noun = get_product().noun
    if token is not None:
        return f"This {noun} is not claimed yet. To claim it, open {claim_link(origin, token)}"
    command = runnable("./manage.py setup_token")
    return (
        f"This {noun} is not claimed yet. `{command}` prints the link to claim it; "
        f"the setup token is in {get_product().token_file()}"
    )
