"""A process makes one password hash at a time, and strangers wait longer than other people (W5)."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from hub.auth import hashing
from hub.auth.hashing import MOST_STRANGERS, Busy, QueuedHasher, Rank
from tests.support.waiting import wait_for

KNOWN, WAITED, STRANGER = Rank


class Hashing:
    """Hashes that end only when a test allows it, in the order in which they begin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor) -> None:
        self.begun: list[str] = []
        self.most_at_once = self._at_once = 0
        self.may_end, self.priority = threading.Semaphore(0), 0
        self._pool = pool
        encode = lambda _hasher, password, *_args: self._encode(password)  # noqa: E731
        monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)
        monkeypatch.setattr(hashing, "_known", hashing.Queue())
        monkeypatch.setattr(hashing, "_strangers", hashing.Queue())

    def _encode(self, password: str) -> str:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.begun.append(password)
        self.priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        assert self.may_end.acquire(timeout=30)
        self._at_once -= 1
        return password

    def hash(self, password: str, rank: Rank) -> Future[str]:
        """Hash a password in another thread; return when the hash has begun or waits."""

        def make() -> str:
            hashing.rank.set(rank)
            return QueuedHasher().encode(password, "salt")

        before = self._count()
        made = self._pool.submit(make)
        wait_for(lambda: made.done() or self._count() > before, "the hash to begin or to wait")
        return made

    def _count(self) -> int:
        return len(self.begun) + len(hashing._known._waiting) + len(hashing._strangers._waiting)

    def end(self, number: int) -> None:
        """Let ``number`` hashes end."""
        self.may_end.release(number)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashing]:
    """Give hashes that a test controls."""
    with ThreadPoolExecutor(50) as pool:
        controlled = Hashing(monkeypatch, pool)
        with contextlib.ExitStack() as stack:
            stack.callback(controlled.end, 100)
            yield controlled


def test_one_hash_at_a_time_is_made(hashes: Hashing) -> None:
    made = [hashes.hash(str(number), KNOWN) for number in range(20)]
    hashes.end(20)
    assert [one.result(10) for one in made] == [str(number) for number in range(20)]
    assert hashes.begun == [str(number) for number in range(20)]
    assert hashes.most_at_once == 1


def test_strangers_who_waited_come_before_others(hashes: Hashing) -> None:
    asked = [("first", STRANGER), ("s1", STRANGER), ("w1", WAITED), ("s2", STRANGER), ("w2", WAITED)]
    made = [hashes.hash(*one) for one in asked]
    hashes.end(len(made))
    for one in made:
        one.result(10)
    assert hashes.begun == ["first", "w1", "w2", "s1", "s2"]


def test_known_people_wait_for_no_stranger(hashes: Hashing) -> None:
    for number in range(3):
        hashes.hash(f"s{number}", STRANGER)
    hashes.hash("known", KNOWN)
    hashes.hash("next", KNOWN)
    assert hashes.begun == ["s0", "known"]


def test_more_strangers_than_can_wait_are_refused_at_once(hashes: Hashing) -> None:
    made = [hashes.hash(str(number), STRANGER) for number in range(1 + MOST_STRANGERS)]
    with pytest.raises(Busy):
        hashes.hash("one too many", STRANGER).result(1)
    assert "one too many" not in hashes.begun
    hashes.end(len(made))
    assert [one.result(10) for one in made] == [str(number) for number in range(1 + MOST_STRANGERS)]


def test_strangers_wait_a_limited_time(hashes: Hashing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "PATIENCE", 0.05)
    hashes.hash("slow", STRANGER)
    for rank in (STRANGER, WAITED):
        with pytest.raises(Busy):
            hashes.hash("impatient", rank).result(10)
    assert hashes.begun == ["slow"]


def test_a_hash_that_fails_lets_the_next_one_begin(hashes: Hashing, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> str:
        raise OSError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "encode", fail)
        with pytest.raises(OSError, match="no memory"):
            QueuedHasher().encode("x", "salt")
    made = hashes.hash("next", KNOWN)
    hashes.end(1)
    assert made.result(10) == "next"


def test_a_request_gives_its_turn_back_before_it_waits(hashes: Hashing) -> None:
    given_back = threading.Event()
    before: Callable[[], None] = given_back.set
    token = hashing.before_hashing.set(before)
    try:
        hashes.end(1)
        QueuedHasher().encode("x", "salt")
    finally:
        hashing.before_hashing.reset(token)
    assert given_back.is_set()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux has priorities for threads")
def test_pages_have_priority_over_the_hashes_of_strangers(hashes: Hashing) -> None:
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    hashes.end(2)
    hashes.hash("stranger", STRANGER).result(10)
    assert hashes.priority == max(before, hashing.NICENESS)
    hashes.hash("known", KNOWN).result(10)
    assert hashes.priority == before
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_its_hashes_are_those_of_django() -> None:
    made = QueuedHasher().encode("a password", "salt", 2)
    assert made == PBKDF2PasswordHasher().encode("a password", "salt", 2)
    assert QueuedHasher().verify("a password", made)
