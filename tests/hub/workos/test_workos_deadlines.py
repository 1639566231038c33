"""Every call to WorkOS has one deadline for all its parts (W1, W8)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from workos import TransportConnectError, TransportError, TransportTimeout

from config_app.declaration.secret import Secret
from hub.workos.remote import connection_test, transport
from hub.workos.remote.client import Client
from hub.workos.remote.connection_test import check_connection
from hub.workos.remote.credentials import Credentials
from hub.workos.remote.errors import Unavailable
from hub.workos.remote.tokens import KeySet
from hub.workos.remote.transport import BoundedTransport
from hub.workos.sessions import refreshing
from tests.support.parallel import in_parallel
from tests.support.waiting import wait_for
from tests.support.workos.authkit import API_KEY, CLIENT_ID, Answer, AuthKit
from tests.support.workos.fixtures import Visitor, forget_workos

LIMIT = 0.4
SOON = 8.0
"""Seconds within which a call with that limit ends on a busy machine."""
GENEROUS = 60.0
"""A limit for calls that must succeed, which even a machine that stands still for a while keeps."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the deadline of five seconds."""
    assert (transport.TIMEOUT, connection_test.BUDGET) == (5, 5)
    monkeypatch.setattr(transport, "TIMEOUT", LIMIT)
    monkeypatch.setattr(connection_test, "BUDGET", 5 * LIMIT)


@pytest.fixture
def late_deadline(authkit: AuthKit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the deadline begin when the request has arrived; a busy machine may be slow to connect."""

    class Late(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            wait_for(lambda: authkit.requests, "the request to arrive")
            return super().result(timeout)

    monkeypatch.setattr(transport, "Future", Late)


@pytest.fixture
def full_address() -> Iterator[str]:
    """Give the address of a server whose queue is full; it neither accepts nor refuses connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}"
        for one in waiting:
            one.close()


def timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def ask(url: str, error: type[TransportError]) -> None:
    with pytest.raises(error):
        BoundedTransport().request("GET", url)


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "workos"]


@pytest.mark.parametrize(
    "answer",
    [Answer(drip=0.5), Answer(body=b"x" * 100_000, drip=0.001), Answer(delay=30)],
    ids=["dripped headers", "dripped body", "nothing"],
)
def test_an_answer_has_one_deadline_from_its_first_byte_to_its_last(
    authkit: AuthKit, late_deadline: None, answer: Answer
) -> None:
    authkit.faults["/"] = answer
    assert LIMIT <= timed(lambda: ask(authkit.url, TransportTimeout)) < SOON
    wait_for(lambda: not own_threads(), "the thread to have ended as well", deadline=10)


def test_a_connection_that_does_not_come_about_has_the_same_deadline(full_address: str) -> None:
    assert timed(lambda: ask(full_address, TransportConnectError)) < SOON


def test_a_connection_that_comes_about_too_late_sends_nothing(
    authkit: AuthKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, may_go_on = socket.getaddrinfo, threading.Event()

    def hesitate(*args: object, **kwargs: object) -> object:
        may_go_on.wait(20)
        return look_up(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hesitate)
    assert timed(lambda: ask(authkit.url, TransportConnectError)) < SOON
    may_go_on.set()
    wait_for(lambda: not own_threads(), "the late thread to have ended")
    assert authkit.requests == []


def test_a_client_that_was_closed_is_a_failure_like_any_other(authkit: AuthKit) -> None:
    closed = BoundedTransport()
    closed.close()
    with pytest.raises(TransportError):
        closed.request("GET", authkit.url)


def test_the_connection_test_has_one_deadline_for_all_its_calls(
    authkit: AuthKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_test, "BUDGET", 1.5 * LIMIT)
    authkit.delay = 0.8 * LIMIT
    credentials = Credentials(client_id=CLIENT_ID, api_key=Secret(API_KEY), authkit_domain=authkit.url)
    found: list[tuple[bool, str]] = []
    took = timed(lambda: found.append(check_connection(credentials, "http://127.0.0.1/auth/callback")))
    assert found == [(False, connection_test.UNREACHABLE)]
    assert took < SOON


def test_a_domain_that_does_not_answer_hides_nothing_else(
    authkit: AuthKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", GENEROUS)
    monkeypatch.setattr(connection_test, "BUDGET", GENEROUS)
    ask_domain = connection_test._has_authkit

    def be_short(client: Client) -> bool:
        monkeypatch.setattr(transport, "TIMEOUT", LIMIT)
        return ask_domain(client)

    monkeypatch.setattr(connection_test, "_has_authkit", be_short)
    authkit.faults["/.well-known"] = Answer(delay=30)
    credentials = Credentials(client_id=CLIENT_ID, api_key=Secret(API_KEY), authkit_domain=authkit.url)
    _, said = check_connection(credentials, "http://127.0.0.1/auth/callback")
    assert said.startswith("This redirect URI is not registered")
    assert said.endswith(connection_test.NO_AUTHKIT)


class MeetingLock:
    """A lock that is taken only once several threads have asked for it."""

    def __init__(self, count: int) -> None:
        """Create a lock for ``count`` threads."""
        self._meeting, self._lock = threading.Barrier(count), threading.Lock()

    def __enter__(self) -> None:
        """Wait for the other threads, and take the lock."""
        self._meeting.wait(20)
        self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        """Release the lock."""
        self._lock.release()


def test_threads_that_wait_for_the_same_keys_share_the_failure(
    authkit: AuthKit, late_deadline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    authkit.faults["/sso/jwks"] = Answer(delay=30)
    monkeypatch.setattr(transport, "TIMEOUT", GENEROUS)
    keys = KeySet(f"{authkit.url}/sso/jwks/{CLIENT_ID}", BoundedTransport())
    monkeypatch.setattr(transport, "TIMEOUT", LIMIT)
    # A thread that came after the failure would rightly ask again.
    monkeypatch.setattr(keys, "_fetching", MeetingLock(6))

    def check() -> bool:
        with pytest.raises(Unavailable):
            keys.check()
        return True

    assert timed(lambda: in_parallel(6, check)) < SOON
    assert len(authkit.requests) == 1
    authkit.faults.clear()
    monkeypatch.setattr(keys, "_fetching", threading.Lock())
    monkeypatch.setattr(transport, "TIMEOUT", GENEROUS)
    keys.check()


def test_a_refresh_is_over_before_its_lease_is() -> None:
    assert refreshing.CALLS * 5 < refreshing.LEASE.total_seconds() < refreshing.AHEAD.total_seconds()


def test_a_sign_in_over_a_dripping_line_is_given_up(
    workos_hub: AuthKit, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_workos()
    monkeypatch.setattr(transport, "TIMEOUT", GENEROUS)
    back = workos_hub.approve(visitor.begin())
    monkeypatch.setattr(transport, "TIMEOUT", LIMIT)
    workos_hub.faults["/user_management/authenticate"] = Answer(drip=0.5)
    assert timed(lambda: visitor.get(back)) < SOON
