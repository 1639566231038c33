"""What can stand between the hub and WorkOS; no text has a secret in it."""

from __future__ import annotations


class WorkOSTrouble(Exception):
    """Base of all of them; ``status`` and ``codes`` are those of WorkOS's answer, where there was one."""

    status: int | None = None
    codes: frozenset[str] = frozenset()


class Unavailable(WorkOSTrouble):
    """WorkOS does not answer, or not in a way that means anything: time may mend it (W8)."""


class Unreachable(Unavailable):
    """No answer came, or not in time."""


class Rejected(Unavailable):
    """WorkOS finds something wrong with a request that it should have accepted."""


class CredentialsRefused(Unavailable):
    """WorkOS answers, but not to this hub: an operator can mend it, and nobody is to blame for it."""


class Refused(WorkOSTrouble):
    """WorkOS says that this very code or session is not valid, or not any longer."""


class StepMissing(Refused):
    """WorkOS wants something first that only the person can do, such as a second factor."""


class TokenSpent(Refused):
    """WorkOS says that a code or refresh token is not valid: it was never, is no longer, or was used."""


class InvalidToken(WorkOSTrouble):
    """An access token is not one for this hub; ``is_clock`` where only the time speaks against it."""

    def __init__(self, why: str, *, is_clock: bool = False) -> None:
        super().__init__(why)
        self.is_clock = is_clock


class NotAdmitted(WorkOSTrouble):
    """WorkOS knows who this is, and the hub does not let them in; ``reason`` names a page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
