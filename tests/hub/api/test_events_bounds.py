"""Event streams in this process: heartbeats, limits, and no open stream left at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from django.test import AsyncClient, Client

from config_app.api import plan
from config_app.errors import DatabaseUnavailable
from config_app.live import feed, runtime
from hub.api import streams
from hub.models import User
from tests.support.event_stream import PATH
from tests.support.waiting import DEADLINE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("transactional_db", "install")]

OPENING = "retry: 3000\nid: 1\n\n"


def allowed() -> bool:
    return True


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test with a time limit; check that it leaves no stream open."""

    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE):
            await test()

    asyncio.run(bounded())
    assert feed.count() == 0


@contextlib.asynccontextmanager
async def listening(
    may_listen: Callable[[], bool] = allowed, last: int | None = None
) -> AsyncIterator[AsyncIterator[str]]:
    async with contextlib.aclosing(streams.stream(may_listen, last)) as messages:  # type: ignore[type-var]
        yield messages


async def change(port: int) -> None:
    """Commit a revision in another thread, as a request does."""
    await asyncio.to_thread(lambda: plan({"port": port}).apply())


def revision(message: str) -> int:
    found: dict[str, Any] = json.loads(message.split("data: ")[1])
    return int(found["revision"])


def test_a_quiet_stream_has_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT", 0.01)

    async def test() -> None:
        async with listening() as messages:
            assert await anext(messages) == OPENING
            assert [await anext(messages) for _ in range(3)] == [": heartbeat\n\n"] * 3

    run(test)


def test_a_client_from_a_faster_process_need_not_read_everything_anew() -> None:
    before = runtime.get_snapshot()
    plan({"port": 9001}).apply()
    runtime._put_in_force(before)

    async def test() -> None:
        async with listening(last=2) as messages:
            await anext(messages)
            waiting = asyncio.ensure_future(anext(messages))
            await change(9003)
            message = await waiting
            assert (revision(message), "resync" in message) == (3, False)

    run(test)


def test_an_event_comes_without_waiting_for_the_heartbeat() -> None:
    async def test() -> None:
        async with listening() as messages:
            await anext(messages)
            for number in (2, 3):
                waiting = asyncio.ensure_future(anext(messages))
                await change(9000 + number)
                assert revision(await waiting) == number

    run(test)


def test_rights_are_asked_for_before_each_event(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, has_looked = iter([True, False]), threading.Event()
    look = streams._messages_since

    def note_look(last: int) -> list[tuple[int, str]]:
        found = look(last)
        has_looked.set()
        return found

    monkeypatch.setattr(streams, "_messages_since", note_look)

    async def test() -> None:
        async with listening(lambda: next(answers)) as messages:
            await anext(messages)
            waiting = asyncio.ensure_future(anext(messages, None))
            assert await asyncio.to_thread(
                has_looked.wait, DEADLINE
            )  # otherwise the first look finds the change
            await change(9001)
            assert await waiting is None

    run(test)


def test_rights_are_asked_for_with_each_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT", 0.01)
    answers = iter([True, True, False])

    async def test() -> None:
        async with listening(lambda: next(answers)) as messages:
            assert [message async for message in messages] == [OPENING, ": heartbeat\n\n"]

    run(test)


def test_a_stream_ends_while_the_database_cannot_say_who_may_listen() -> None:
    def ask() -> bool:
        raise DatabaseUnavailable("it is gone")

    async def test() -> None:
        async with listening(ask) as messages:
            assert [message async for message in messages] == [OPENING]

    run(test)


def test_whoever_missed_too_much_is_told_to_read_everything_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_REPLAY", 2)
    for port in (9001, 9002, 9003):
        plan({"port": port}).apply()

    async def test() -> None:
        async with listening(last=2) as messages:
            await anext(messages)
            assert [revision(await anext(messages)) for _ in range(2)] == [3, 4]
        async with listening(last=1) as messages:
            await anext(messages)
            assert await anext(messages) == 'event: resync\nid: 4\ndata: {"revision": 4}\n\n'

    run(test)


def test_a_key_that_may_be_a_value_is_not_told() -> None:
    from config_app.change.adoption import adopt_now
    from config_app.live import runtime
    from tests.support.config_command import write_row

    write_row("sk_live_x=y z", "1")
    adopt_now()
    runtime.reload()

    async def test() -> None:
        async with listening(last=1) as messages:
            await anext(messages)
            assert '"keys": []' in await anext(messages)

    run(test)


def test_one_more_stream_than_a_process_keeps_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS", 1)

    async def test() -> None:
        async with listening() as one, listening(last=7) as other:
            assert await anext(one) == OPENING
            assert [message async for message in other] == ["retry: 3000\nid: 7\n\n"]

    run(test)


def test_a_full_process_says_so(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS", 0)
    plan({"allowed_hosts": "testserver"}).apply()
    client = AsyncClient()
    client.force_login(owner)
    response = asyncio.run(client.get(PATH))
    assert (response.status_code, response.json()) == (503, {"error": "too_many_streams"})
    assert response.headers["Retry-After"] == "30"


def test_a_client_that_goes_away_leaves_nothing_behind() -> None:
    async def test() -> None:
        async with listening() as messages:
            await anext(messages)
            waiting = asyncio.ensure_future(anext(messages))
            await change(9001)
            assert revision(await waiting) == 2
            waiting = asyncio.ensure_future(anext(messages))
            await asyncio.sleep(0)  # lets the task begin
            assert feed.count() == 1
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
        assert feed.count() == 0

    run(test)


def test_the_feed_may_be_announced_from_a_loop_that_is_gone() -> None:
    async def follow() -> feed.Subscription:
        return feed.Subscription()

    asyncio.run(follow()).wake()


def test_a_wsgi_server_says_that_it_cannot(owner_client: Client) -> None:
    assert owner_client.get(PATH).status_code == 501
