"""Wakes asyncio code each time this process starts to use a new configuration."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from config_app.store.forking import open_in_children


class Subscription:
    """A subscription to the feed, for code in one event loop. Other threads can only call ``wake``."""

    def __init__(self) -> None:
        """Create a subscription for the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Make the current or the next call of ``wait`` return immediately. Any thread can call ``wake``."""
        with contextlib.suppress(RuntimeError):  # raised if the loop is closed already
            self._loop.call_soon_threadsafe(self._woken.set)

    async def wait(self, seconds: float) -> bool:
        """Wait for a call of ``wake``, for at most ``seconds``. Return whether ``wake`` was called."""
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
    """Yield a new subscription. At the end of the block, the subscription ends."""
    subscription = Subscription()
    with _changing:
        _followers.add(subscription)
    try:
        yield subscription
    finally:
        with _changing:
            _followers.discard(subscription)


def announce() -> None:
    """Wake every subscription. Any thread can call this function."""
    with _changing:
        followers = list(_followers)
    for follower in followers:
        follower.wake()


def close() -> None:
    """Mark the feed as closed and wake every subscription. A stopping server calls this function."""
    global _is_closed  # noqa: PLW0603 - a process stops once
    _is_closed = True
    announce()


def is_closed() -> bool:
    """Return whether ``close`` was called in this process."""
    return _is_closed


def count() -> int:
    """Return the number of subscriptions."""
    return len(_followers)
