"""The errors that can happen while a person sets up an install."""

from __future__ import annotations

from config_app.errors import ConfigError


class AlreadyClaimed(ConfigError):
    """The install is already claimed, so nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "this install is already claimed",
            fix="sign in to change it, or run manage.py config reset to set it up again",
        )


class TakenOver(ConfigError):
    """This browser has not used a setup token, or another browser has used a newer token.

    Nothing was changed.
    """

    def __init__(self) -> None:
        super().__init__(
            "another browser is setting this install up now",
            fix="run manage.py setup_token on the server and open the link that it prints",
        )
