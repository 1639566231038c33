"""A request body that is larger than any form is refused before it can fill the disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync

from hub.responses.bare_responses import Message, Receive, Send
from hub.serving import body_limit
from hub.serving.body_limit import STRANGERS_LIMIT, limit_bodies
from tests.support import event_stream
from tests.support.processes import served_hub
from tests.support.processes.hub_process import HubProcess

LIMIT = 2_621_440
HEAD = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.fixture
def hub(started_hub: HubProcess) -> Iterator[HubProcess]:
    """Give a hub that is served by one worker."""
    started_hub.claim()
    started_hub.serve(workers=1)
    yield started_hub
    started_hub.stop()


async def answer(*chunks: bytes, declared: int | None = None, is_known: bool = True) -> int:
    """Return the response status for a body of ``chunks``, with a limit of 10 bytes."""
    messages = iter([{"body": chunk, "more_body": n < len(chunks)} for n, chunk in enumerate(chunks, 1)])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    async def reading(_scope: Message, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200})

    headers = [] if declared is None else [(b"content-length", str(declared).encode())]

    async def ask(_scope: Message) -> bool:
        return is_known

    await limit_bodies(reading, 10, ask)({"type": "http", "headers": headers}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("chunks", "declared", "status"),
    [
        ([b""], None, 200),
        ([b"0123456789"], 10, 200),
        ([b"01234", b"56789"], None, 200),
        ([b"0123456789a"], None, 413),
        ([b"01234", b"56789", b"a"], None, 413),
        ([b""], 11, 413),
    ],
)
def test_what_counts_is_what_comes_and_what_was_declared(
    chunks: list[bytes], declared: int | None, status: int
) -> None:
    assert async_to_sync(answer)(*chunks, declared=declared) == status


@pytest.mark.parametrize(
    ("chunks", "declared", "is_known", "status"),
    [
        ([b"01234"], 5, False, 200),
        ([b"012345"], 6, False, 413),
        ([b"0123", b"45"], None, False, 413),
        ([b"0123", b"45"], None, True, 200),
        ([b""], 6, False, 413),
    ],
)
def test_strangers_may_send_less(
    monkeypatch: pytest.MonkeyPatch, chunks: list[bytes], declared: int | None, is_known: bool, status: int
) -> None:
    monkeypatch.setattr(body_limit, "STRANGERS_LIMIT", 5)
    assert async_to_sync(answer)(*chunks, declared=declared, is_known=is_known) == status


def test_a_served_hub_knows_who_may_send_much(hub: HubProcess) -> None:
    def status(size: int, cookie: str = "a=b") -> bytes:
        form = f"{HEAD}Cookie: {cookie}\r\nContent-Length: {size}\r\n\r\n"
        return served_hub.send(hub, form.encode() + b"x" * size).split(b" ", 2)[1]

    assert status(STRANGERS_LIMIT) == b"403"  # the form has no CSRF token
    assert status(STRANGERS_LIMIT + 1) == b"413"
    for invented in ("0" * 32, "%00", "'", "../etc/passwd"):
        assert status(STRANGERS_LIMIT + 1, f"sessionid={invented}") == b"413"
    owner = event_stream.sign_in(hub)
    assert status(LIMIT, owner) == b"403"
    assert status(LIMIT + 1, owner) == b"413"


def test_a_served_hub_refuses_it_and_goes_on(hub: HubProcess) -> None:
    # More than the buffers of both ends hold: the response arrives only if the server reads the rest.
    body = b"x" * (8 * LIMIT)
    declared = served_hub.send(hub, f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert declared.split(b" ", 2)[1] == b"413"
    for directive in (b"default-src 'none'", b"base-uri 'none'", b"form-action 'self'"):
        assert directive in declared
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    chunked = served_hub.send(
        hub,
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * (len(body) // 0x10000) + b"0\r\n\r\n",
    )
    assert chunked.split(b" ", 2)[1] == b"413"
    two_lengths = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    smuggled = f"{HEAD.replace('Connection: close', 'Accept: */*')}{two_lengths}GET / HTTP/1.1\r\n\r\n"
    answers = served_hub.send(hub, smuggled.encode())
    assert answers.split(b" ", 2)[1] == b"400"
    assert answers.count(b"HTTP/1.1") == 1
    form = f"{HEAD}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b"
    assert served_hub.send(hub, form.encode()).split(b" ", 2)[1] == b"403"
    assert hub.get("/auth/login").status == 200
    assert "Traceback" not in hub.log.read_text()
