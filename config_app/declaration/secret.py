"""`Secret`: a string that is never shown by accident."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, NoReturn, final

from config_app.errors import SecretMasked

MASK: Final = "••••••••"


@final
class Secret:
    """An object that contains a string but shows `MASK` instead. Only `reveal()` returns the string.

    Two secrets are equal if their strings are equal. A copy of a secret is the same object. A pickled secret
    does not contain the string.
    """

    # The attribute is a function that returns the string, not the string itself. Debuggers and crash
    # reporters that print the attributes of an object then show a function.
    __slots__ = ("_sealed",)
    _sealed: Callable[[], str | None]

    def __new__(cls, value: str) -> Secret:
        """Return a secret that contains `value`; raise TypeError if `value` is not a string."""
        if not isinstance(value, str):
            del value  # type: ignore[unreachable]  # keeps the value out of the traceback's local variables
            raise TypeError("a Secret must be made from a str")
        return _seal(value)

    @classmethod
    def masked(cls) -> Secret:
        """Return a ``Secret`` without a string, for a secret that is set but was not decrypted."""
        return _seal(None)

    def reveal(self) -> str:
        """Return the string; raise SecretMasked if this object contains no string."""
        value = self._sealed()
        if value is None:
            raise SecretMasked
        return value

    reveal.alters_data = True  # type: ignore[attr-defined]  # so {{ secret.reveal }} renders nothing

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if self._sealed() is None or other._sealed() is None:
            return self is other
        return hmac.compare_digest(_octets(self), _octets(other))

    def __hash__(self) -> int:
        return hash((Secret, self._sealed()))

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a Secret cannot be subclassed")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[Callable[[None], Secret], tuple[None]]:
        return _seal, (None,)


def _seal(value: str | None) -> Secret:
    secret = object.__new__(Secret)
    object.__setattr__(secret, "_sealed", lambda: value)
    return secret


def _octets(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
