"""``python -m bench.distance PORT TARGET SECONDS``: make a server seem to be on another machine.

Connections to the port PORT lead to the port TARGET. Each round trip takes SECONDS longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

from bench.contestant import ROOT
from bench.processes import answers
from tests.support.ports import free_port
from tests.support.waiting import wait_for

CHUNK = 65_536


@contextlib.contextmanager
def far_away(target: int, seconds: float) -> Iterator[int]:
    """Yield a port that leads to the port ``target``. Each round trip takes ``seconds`` longer."""
    port = free_port()
    command = [sys.executable, "-m", "bench.distance", str(port), str(target), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT) as proxy:
        try:
            wait_for(lambda: answers(port), "the proxy to answer")
            yield port
        finally:
            proxy.terminate()


class _Way:
    """One direction of a connection. Each chunk that arrives is passed on after the same delay."""

    def __init__(self, delay: float, writer: asyncio.StreamWriter) -> None:
        self._delay, self._writer = delay, writer

    async def run(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                loop.call_later(self._delay, self._pass_on, chunk)
        loop.call_later(self._delay, self._writer.close)

    def _pass_on(self, chunk: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(chunk)


async def _serve(port: int, target: int, seconds: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        there, back = _Way(seconds / 2, far_writer), _Way(seconds / 2, writer)
        await asyncio.gather(there.run(reader), back.run(far_reader))

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
