"""Values that the hub makes itself where nobody gave any."""

from __future__ import annotations

from config_app.declaration.secret import Secret


def cookie_password() -> Secret:
    """Return a new Fernet key."""
    from cryptography.fernet import Fernet

    return Secret(Fernet.generate_key().decode())
