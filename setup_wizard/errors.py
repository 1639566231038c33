"""What stands against setting up."""

from __future__ import annotations

from config_app.errors import ConfigError


class AlreadyClaimed(ConfigError):
    """Somebody has claimed this install; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "this hub is claimed already",
            fix="sign in to change it, or run manage.py config reset to set it up anew",
        )


class TakenOver(ConfigError):
    """Whoever asks does not hold the setup token, any more or at all; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "somebody else is setting this hub up now",
            fix="run manage.py setup_token on the server and open the link that it prints",
        )
