"""Send requests to a local server over several connections at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection

from tests.support import event_stream
from tests.support.processes.hub_process import OWNER, HubProcess

CONNECTIONS = 16
TIMEOUT = 30.0
SESSION = "sessionid"


def sign_in(hub: HubProcess) -> str:
    """Sign in to a served hub, and return a Cookie header that Django's own layers understand too."""
    # The hub adds the id of the install to the name of each cookie.
    cookie = event_stream.sign_in(hub)
    keys = [pair.partition("=")[2] for pair in cookie.split("; ") if pair.startswith(f"{SESSION}-")]
    return f"{cookie}; {SESSION}={keys[0]}"


def requests_a_second(port: int, path: str, cookie: str, seconds: float) -> float:
    """Fetch a page repeatedly for ``seconds``, and return the number of answers per second.

    ``cookie`` is from ``sign_in``. Raise ``RuntimeError`` if a page does not name the owner of the hub.
    """
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
        # The page of a visitor would be quicker, and the comparison would be wrong.
        if OWNER.encode() not in answer.read() or answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path} answered {answer.status}, perhaps not to the owner of the hub")
        count += 1
    connection.close()
    return count
