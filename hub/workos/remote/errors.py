"""The errors of requests to WorkOS. Their messages never contain a secret."""

from __future__ import annotations


class WorkOSTrouble(Exception):
    """The base class. ``status`` and ``codes`` are from WorkOS's answer, if there was an answer."""

    status: int | None = None
    codes: frozenset[str] = frozenset()


class Unavailable(WorkOSTrouble):
    """WorkOS does not answer, or the answer makes no sense. A later try may succeed."""


class Unreachable(Unavailable):
    """No answer arrived in time."""


class Rejected(Unavailable):
    """WorkOS answered with an error (4xx) to a request that should have been accepted."""


class CredentialsRefused(Unavailable):
    """WorkOS does not accept the hub's credentials, or the hub has none. An operator can fix that."""


class Refused(WorkOSTrouble):
    """WorkOS says that an authorization code, a session or a person is not valid."""


class StepMissing(Refused):
    """WorkOS requires a step that only the person can do, such as a second factor."""


class TokenSpent(Refused):
    """WorkOS says that a code or refresh token is unknown, expired or already used."""


class InvalidToken(WorkOSTrouble):
    """An access token is not valid for this hub. If only its times are wrong, ``is_clock`` is true."""

    def __init__(self, why: str, *, is_clock: bool = False) -> None:
        super().__init__(why)
        self.is_clock = is_clock


class NotAdmitted(WorkOSTrouble):
    """The hub does not accept this sign-in. ``reason`` is a key of ``hub.workos.pages.PAGES``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
