"""Wakes asyncio code each time this process starts to use a new configuration."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from config_app.store.forking import open_in_children


class Subscription:
    """A follower of the feed; belongs to one event loop."""

    def __init__(self) -> None:
        """Create a follower for the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wake the follower; may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # raised if the loop is closed already
            self._loop.call_soon_threadsafe(self._woken.set)

    async def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` until the follower is woken; return whether it was."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        is_news = self._woken.is_set()
        self._woken.clear()
        return is_news


_followers: set[Subscription] = set()
_changing = open_in_children(threading.Lock())
_is_closed = False


@contextlib.contextmanager
def follow() -> Iterator[Subscription]:
    """Yield a subscription; it ends with the block."""
    subscription = Subscription()
    with _changing:
        _followers.add(subscription)
    try:
        yield subscription
    finally:
        with _changing:
            _followers.discard(subscription)


def announce() -> None:
    """Wake every follower; may be called from any thread."""
    with _changing:
        followers = list(_followers)
    for follower in followers:
        follower.wake()


def close() -> None:
    """Mark the feed as closed and wake every follower, because the server is stopping."""
    global _is_closed  # noqa: PLW0603 - a process stops once
    _is_closed = True
    announce()


def is_closed() -> bool:
    """Return whether the feed is closed, because the server is stopping."""
    return _is_closed


def count() -> int:
    """Return the number of followers."""
    return len(_followers)
