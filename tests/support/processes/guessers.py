"""Clients that guess passwords without a pause, each from an address of its own."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

from tests.support.processes.background import in_background
from tests.support.processes.hub_process import HubProcess

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PATIENCE = 60.0


class Guessers:
    """Threads that guess; the hub must trust 127.0.0.1 as a proxy. ``statuses`` counts the answers."""

    def __init__(self, hub: HubProcess, accounts: list[str]) -> None:
        """Prepare guesses for the passwords of ``accounts``."""
        self._hub, self._accounts = hub, accounts
        self._ending, self._counting = threading.Event(), threading.Lock()
        self.statuses: Counter[int] = Counter()

    @contextlib.contextmanager
    def guessing(self, number: int) -> Iterator[None]:
        """Guess from ``number`` addresses within the block."""
        guesses = [partial(self._guess, n) for n in range(number)]
        with in_background(guesses, self._ending, 2 * PATIENCE):
            yield

    def _guess(self, number: int) -> None:
        headers = {"X-Forwarded-For": f"203.0.{number // 250}.{number % 250 + 1}"}
        account = self._accounts[number % len(self._accounts)]
        while not self._ending.is_set():
            with contextlib.suppress(OSError, HTTPException):
                self._guess_on(headers, account)

    def _guess_on(self, headers: dict[str, str], account: str) -> None:
        connection = HTTPConnection("127.0.0.1", self._hub.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/auth/login", headers=headers)
            page = connection.getresponse()
            cookie, token = (
                str(page.headers["Set-Cookie"]).partition(";")[0],
                TOKEN.search(page.read().decode()),
            )
            assert token is not None
            fields = {"username": account, "password": "a wrong password", "csrfmiddlewaretoken": token[1]}
            while not self._ending.is_set():
                connection.request(
                    "POST", "/auth/login", urlencode(fields), {**headers, **FORM, "Cookie": cookie}
                )
                answer = connection.getresponse()
                answer.read()
                with self._counting:
                    self.statuses[answer.status] += 1
