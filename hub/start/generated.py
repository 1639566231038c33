"""Values that the hub generates if they are missing."""

from __future__ import annotations

from config_app.declaration.secret import Secret


def cookie_password() -> Secret:
    """Return a new random Fernet key."""
    from cryptography.fernet import Fernet

    return Secret(Fernet.generate_key().decode())
