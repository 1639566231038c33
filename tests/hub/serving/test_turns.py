"""A worker computes only a few requests at a time; a request that only waits does not delay others."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import pytest

from hub import asgi
from hub.auth.hashing import before_hashing
from hub.responses.bare_responses import Application, Message, Receive, Send
from hub.serving import turns
from hub.serving.turns import AT_ONCE, take_turns

FOREVER = 3600.0
WHOLE: Message = {"type": "http.request", "body": b""}
FIRST_PART: Message = {"type": "http.request", "body": b"", "more_body": True}
START: Message = {"type": "http.response.start", "status": 200}
END: Message = {"type": "http.response.body"}


@pytest.fixture(autouse=True)
def nobody_is_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set no time limit for a turn."""
    monkeypatch.setattr(turns, "PATIENCE", FOREVER)


class Server:
    """Sends requests to an application and counts how many of them it is working on."""

    def __init__(
        self,
        work: Callable[[Server, Send], Awaitable[None]],
        layer: Callable[[Application], Application] = take_turns,
    ) -> None:
        self.begun, self.answered, self.reads_on = 0, 0, False
        self.begins, self.may_go_on = asyncio.Semaphore(0), asyncio.Event()
        self._work = work
        self._in_turn: Application = layer(self._application)

    async def _application(self, _scope: Message, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        if self.reads_on:
            await receive()
        self.begun += 1
        self.begins.release()
        await self._work(self, send)

    def request(self, *messages: Message, path: str = "/") -> asyncio.Task[None]:
        """Send a request; ``messages`` contain its body, and no further message follows."""
        # A coroutine, although the type says only that it can be awaited
        return asyncio.create_task(self.in_this_context(*messages, path=path))  # type: ignore[arg-type]

    def in_this_context(self, *messages: Message, path: str = "/") -> Awaitable[None]:
        """Return the request, which then runs in the task of the caller."""
        left = list(messages)

        async def receive() -> Message:
            if not left:
                await asyncio.Event().wait()
            return left.pop(0)

        async def send(message: Message) -> None:
            self.answered += message == START

        return self._in_turn({"path": path}, receive, send)


async def settle() -> None:
    """Let all tasks run until each of them waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def compute(server: Server, send: Send) -> None:
    await server.may_go_on.wait()
    await send(START)
    await send(END)


async def stream(server: Server, send: Send) -> None:
    await send(START)
    await server.may_go_on.wait()
    await send(END)


async def fail(_server: Server, _send: Send) -> None:
    raise ValueError("as an application does that is broken")


def run(scenario: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario

    asyncio.run(bounded())


def test_no_more_are_worked_on_at_once_and_all_are_answered() -> None:
    async def scenario() -> None:
        server = Server(compute)
        requests = [server.request(WHOLE) for _ in range(10)]
        await settle()
        assert server.begun == AT_ONCE
        server.may_go_on.set()
        await asyncio.gather(*requests)
        assert server.answered == 10

    run(scenario())


def test_who_has_not_sent_its_body_yet_has_no_turn() -> None:
    async def scenario() -> None:
        server = Server(compute)
        slow = [server.request(FIRST_PART) for _ in range(AT_ONCE)]
        server.may_go_on.set()
        await server.request(FIRST_PART, WHOLE)
        assert server.answered == 1
        await cancel(slow)

    run(scenario())


def test_a_stream_has_no_turn_once_it_has_started() -> None:
    async def scenario() -> None:
        server = Server(stream)
        streams = [server.request(WHOLE) for _ in range(10)]
        await settle()
        assert server.answered == 10
        await cancel(streams)

    run(scenario())


def test_who_waits_for_long_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(turns, "PATIENCE", 0.01)
        server = Server(compute)
        requests = [server.request(WHOLE) for _ in range(10)]
        for _ in requests:
            await server.begins.acquire()
        assert server.answered == 0
        server.may_go_on.set()
        await asyncio.gather(*requests)
        server.may_go_on.clear()
        monkeypatch.setattr(turns, "PATIENCE", FOREVER)
        await assert_that_every_turn_is_free(server)

    run(scenario())


@pytest.mark.parametrize("path", ["/health/live", "/static/hub/css/base.css"])
def test_what_needs_no_database_is_answered_however_many_wait(path: str) -> None:
    async def scenario() -> None:
        server = Server(compute)
        requests = [server.request(WHOLE) for _ in range(AT_ONCE)]
        await settle()
        requests.append(server.request(WHOLE, path=path))
        await settle()
        assert server.begun == AT_ONCE + 1
        await cancel(requests)

    run(scenario())


def test_few_static_files_are_answered_at_the_same_time() -> None:
    async def scenario() -> None:
        server = Server(compute, turns.queue_files)
        requests = [server.request(WHOLE, path="/static/hub/css/base.css") for _ in range(20)]
        requests.append(server.request(WHOLE))
        await settle()
        assert server.begun == turns.FILES_AT_ONCE + 1
        await cancel(requests)

    run(scenario())


def test_a_hash_after_a_request_does_not_call_the_loop_of_the_request() -> None:
    async def scenario() -> None:
        earlier = before_hashing.get()
        server = Server(compute)
        server.may_go_on.set()
        await server.in_this_context(WHOLE)
        assert before_hashing.get() is earlier

    run(scenario())


def test_an_error_ends_a_turn() -> None:
    async def scenario() -> None:
        server = Server(fail)
        for _ in range(10):
            with pytest.raises(ValueError, match="broken"):
                await server.request(WHOLE)
        assert server.begun == 10

    run(scenario())


def test_who_goes_away_takes_no_turn_along() -> None:
    async def scenario() -> None:
        server = Server(compute)
        requests = [server.request(WHOLE) for _ in range(2 * AT_ONCE)]
        await settle()
        await cancel(requests)  # both the running and the waiting ones
        await assert_that_every_turn_is_free(server)

    run(scenario())


def test_who_is_received_twice_has_one_turn() -> None:
    async def scenario() -> None:
        server = Server(compute)
        server.reads_on = True
        server.may_go_on.set()
        await server.request(WHOLE, WHOLE)
        server.reads_on = False
        server.may_go_on.clear()
        await assert_that_every_turn_is_free(server)

    run(scenario())


def test_the_hub_is_served_in_turns_on_sqlite() -> None:
    """The layers that refuse a request without Django come before the layer that waits for a turn."""
    layers, layer = [], asgi.application
    while inspect.isfunction(layer):
        layers.append(layer.__qualname__.partition(".")[0])
        layer = inspect.getclosurevars(layer).nonlocals["application"]
    assert layers == ["never_bare", "limit_bodies", "_queue", "_queue", "take_turns"]


async def assert_that_every_turn_is_free(server: Server) -> None:
    """Fail if a turn was lost or given back twice."""
    before = server.begun
    requests = [server.request(WHOLE) for _ in range(2 * AT_ONCE)]
    await settle()
    assert server.begun - before == AT_ONCE
    await cancel(requests)


async def cancel(requests: list[asyncio.Task[None]]) -> None:
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
