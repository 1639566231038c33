"""`Secret`: a string that nothing shows by accident."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, NoReturn, final

from config_app.errors import SecretMasked

MASK: Final = "••••••••"


@final
class Secret:
    """An opaque, immutable string; `reveal()` is the one way in, everything else sees `MASK`."""

    # A closure rather than the string itself: whatever walks the attributes of an object
    # (debuggers, crash reporters, rich.inspect) meets a function, not the secret.
    __slots__ = ("_sealed",)
    _sealed: Callable[[], str | None]

    def __new__(cls, value: str) -> Secret:
        """Wrap `value`; raise TypeError when it is not a string."""
        if not isinstance(value, str):
            del value  # type: ignore[unreachable]  # or it would be among the locals of the traceback
            raise TypeError("a Secret wraps a str")
        return _seal(value)

    @classmethod
    def masked(cls) -> Secret:
        """Return a secret that is known to exist and whose content is not at hand."""
        return _seal(None)

    def reveal(self) -> str:
        """Return the string itself; raise SecretMasked where it is not at hand."""
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
