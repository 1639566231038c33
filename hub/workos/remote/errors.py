"""The errors of requests to WorkOS. Their messages never contain a secret."""

from __future__ import annotations


class WorkOSTrouble(Exception):
    """The base class of the errors in this module.

    ``status`` is the HTTP status of WorkOS's answer, and ``codes`` are the error codes in the answer. If
    there was no answer, ``status`` is ``None`` and ``codes`` is empty.
    """

    status: int | None = None
    codes: frozenset[str] = frozenset()


class Unavailable(WorkOSTrouble):
    """WorkOS does not answer, or the answer cannot be used. The same request can succeed later."""


class Unreachable(Unavailable):
    """WorkOS cannot be reached, or no answer arrived in time."""


class Rejected(Unavailable):
    """WorkOS answered with an error (4xx) to a request that should have been accepted."""


class CredentialsRefused(Unavailable):
    """The hub's credentials for WorkOS are missing or not accepted. An operator can correct them."""


class Refused(WorkOSTrouble):
    """WorkOS says that an authorization code, a session or a person is not valid."""


class StepMissing(Refused):
    """WorkOS requires a step that only the person can do, such as a second factor."""


class TokenSpent(Refused):
    """WorkOS says that a code or refresh token is unknown, expired or already used."""


class InvalidToken(WorkOSTrouble):
    """An access token is not valid for this hub.

    ``is_clock`` is true if the token has expired or is not valid yet.
    """

    def __init__(self, why: str, *, is_clock: bool = False) -> None:
        super().__init__(why)
        self.is_clock = is_clock


class NotAdmitted(WorkOSTrouble):
    """The hub does not accept this sign-in. ``reason`` is a key of ``hub.workos.pages.PAGES``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
