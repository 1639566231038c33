"""Wakes asyncio code whenever this process has put a new revision in force."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from config_app.store.forking import open_in_children


class Subscription:
    """One follower of the feed, within one event loop."""

    def __init__(self) -> None:
        """Follow from now on; call it in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wake the follower; from any thread."""
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(self._woken.set)

    async def wait(self, seconds: float) -> bool:
        """Wait for news and tell whether there are some; ``False`` after ``seconds`` without."""
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
    """Give a subscription that ends with the block."""
    subscription = Subscription()
    with _changing:
        _followers.add(subscription)
    try:
        yield subscription
    finally:
        with _changing:
            _followers.discard(subscription)


def announce() -> None:
    """Wake every follower; from any thread."""
    with _changing:
        followers = list(_followers)
    for follower in followers:
        follower.wake()


def close() -> None:
    """Let every follower come to an end, because the server stops."""
    global _is_closed  # noqa: PLW0603 - a process stops once
    _is_closed = True
    announce()


def is_closed() -> bool:
    """Tell whether the server is about to stop."""
    return _is_closed


def count() -> int:
    """Return how many follow now."""
    return len(_followers)
