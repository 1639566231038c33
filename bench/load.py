"""Send requests to a local server over several connections at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection

CONNECTIONS = 16
TIMEOUT = 30.0


def requests_a_second(port: int, path: str, cookie: str, seconds: float) -> float:
    """Fetch a page repeatedly for ``seconds``, and return the number of answers per second."""
    ended = threading.Event()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        start = time.perf_counter()
        counts = [pool.submit(_fetch_until, ended, port, path, cookie) for _ in range(CONNECTIONS)]
        ended.wait(seconds)
        ended.set()
        total = sum(count.result() for count in counts)
        return total / (time.perf_counter() - start)


def _fetch_until(ended: threading.Event, port: int, path: str, cookie: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    count = 0
    while not ended.is_set():
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
        count += 1
    connection.close()
    return count
