"""A worker decides which connections it gives up: the idle ones first, then slow readers, and no others."""

from __future__ import annotations

import logging

import pytest

from hub.serving import connections
from hub.serving.connections import FAREWELL, GRACE, HEAD, MOST_UNREAD, REPORT, SLOWEST, SWEEP, Connections

MANY = 100


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now


class Client:
    """A connection of which a test knows whether it was given up."""

    def __init__(self, left: int = 0) -> None:
        self.left, self.is_given_up = left, False

    def unread(self) -> int:
        """Return how many bytes of a response are left."""
        return self.left

    def give_up(self) -> None:
        """Note the end."""
        self.is_given_up = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock that the worker reads."""
    clock = Clock()
    monkeypatch.setattr(connections, "time", clock)
    return clock


@pytest.fixture
def worker(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Give the connections of a worker that may have three."""
    monkeypatch.setattr(connections, "MOST", 3)
    return Connections()


def arrive(worker: Connections, clock: Clock, number: int = 3) -> list[Client]:
    """Let clients connect, one after the other."""
    clients = []
    for _ in range(number):
        clock.now += 0.1
        clients.append(Client())
        worker.await_request(clients[-1])
    return clients


def given_up(clients: list[Client]) -> list[bool]:
    return [client.is_given_up for client in clients]


def test_room_is_made_by_the_client_that_has_been_idle_longest(worker: Connections, clock: Clock) -> None:
    clients = arrive(worker, clock)
    worker.end_request(clients[0])
    worker.await_request(clients[0])  # it has its response, and is idle again
    assert worker.make_room()
    assert given_up(clients) == [False, True, False]
    assert worker.make_room()
    assert given_up(clients) == [False, True, False]


def test_a_client_whose_body_arrives_is_not_idle(worker: Connections, clock: Clock) -> None:
    clients = arrive(worker, clock)
    worker.await_body(clients[0], 100)
    assert worker.make_room()
    assert given_up(clients) == [False, True, False]


def test_while_no_client_is_idle_the_slowest_reader_makes_room(worker: Connections, clock: Clock) -> None:
    clients = arrive(worker, clock)
    for client in clients:
        worker.end_request(client)
    for reader in (clients[2], clients[1]):
        clock.now += 1
        reader.left = 1000
        worker.observe(reader)
    assert worker.make_room()
    assert given_up(clients) == [False, False, True]


def test_requests_that_are_being_answered_make_no_room(worker: Connections, clock: Clock) -> None:
    clients = arrive(worker, clock)
    for client in clients:
        worker.end_request(client)
    clock.now += 10 * GRACE
    worker.sweep()
    assert not worker.make_room()
    assert given_up(clients) == [False, False, False]
    worker.forget(clients[0])
    assert worker.make_room()


def test_a_head_has_a_deadline_however_many_bytes_arrive(worker: Connections, clock: Clock) -> None:
    (client,) = arrive(worker, clock, 1)
    clock.now += HEAD - 0.1
    worker.sweep()
    assert not client.is_given_up
    clock.now += 0.2
    worker.sweep()
    assert client.is_given_up


def test_a_body_may_take_long_if_it_is_large_and_steady(worker: Connections, clock: Clock) -> None:
    steady, slow = arrive(worker, clock, 2)
    for _ in range(int(10 * GRACE)):
        clock.now += 1
        worker.await_body(steady, SLOWEST)
        if not slow.is_given_up:
            worker.await_body(slow, SLOWEST // 10)
        worker.sweep()
    assert given_up([steady, slow]) == [False, True]


def test_a_client_that_has_sent_much_may_not_pause_for_long(worker: Connections, clock: Clock) -> None:
    (client,) = arrive(worker, clock, 1)
    worker.await_body(client, int(100 * GRACE * SLOWEST))
    clock.now += GRACE - 1
    worker.sweep()
    assert not client.is_given_up
    clock.now += 2
    worker.sweep()
    assert client.is_given_up


def test_a_response_may_take_long_if_it_is_large_and_read_steadily(worker: Connections, clock: Clock) -> None:
    clients = arrive(worker, clock)
    steady, slow, _stuck = clients
    for client in clients:
        worker.end_request(client)
        client.left = 1_000_000
    for _ in range(int(3 * GRACE)):
        clock.now += SWEEP
        steady.left -= SLOWEST
        slow.left -= SLOWEST // 10
        worker.sweep()
    assert given_up(clients) == [False, True, True]


def test_a_body_that_follows_a_slow_head_has_its_own_time(worker: Connections, clock: Clock) -> None:
    (client,) = arrive(worker, clock, 1)
    clock.now += HEAD - 1
    worker.await_body(client, 1)
    clock.now += GRACE - 1
    worker.sweep()
    assert not client.is_given_up


def test_what_clients_do_not_read_fills_no_memory(worker: Connections, clock: Clock) -> None:
    clients = arrive(worker, clock, MANY)
    for client in clients:
        worker.end_request(client)
        client.left = 2 * MOST_UNREAD // MANY
        worker.observe(client)
    worker.sweep()
    assert given_up(clients) == [True] * (MANY // 2) + [False] * (MANY // 2)


def test_when_the_hub_stops_no_client_can_delay_it_for_long(worker: Connections, clock: Clock) -> None:
    sender, reader, computing = clients = arrive(worker, clock)
    worker.await_body(sender, 1_000_000)
    worker.end_request(reader)
    worker.end_request(computing)
    reader.left = 1_000_000
    worker.observe(reader)
    for _ in range(int(FAREWELL / SWEEP) + 2):
        worker.say_farewell()
        worker.sweep()
        clock.now += SWEEP
    assert given_up(clients) == [True, True, False]


def test_a_worker_without_descriptors_has_fewer_connections_for_a_while(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", MANY)
    worker = Connections()
    clients = arrive(worker, clock, MANY // 2)
    worker.note_exhaustion()
    assert given_up(clients).index(False) == MANY // 2 - worker.most
    for _ in range(2 * MANY):
        worker.sweep()
    assert worker.most == MANY


def test_the_log_has_one_line_a_minute(
    worker: Connections, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hub")
    for _ in range(int(2 * REPORT)):
        arrive(worker, clock, 1)
        for _ in range(MANY):
            worker.make_room()
            arrive(worker, clock, 1)
            worker.note_exhaustion()
        clock.now += 1 - (MANY + 1) * 0.1 % 1
        worker.sweep()
    minutes = (clock.now - 1000) / REPORT
    assert 1 <= len(caplog.messages) <= minutes + 1
    assert "to make room for new ones" in caplog.text
    assert "at most 3 at once" in caplog.text
