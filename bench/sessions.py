"""``python -m bench.sessions FILE``: write sessions to an SQLite database, as people who sign in do."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

A_SECOND = 20
ROWS = 100
STATEMENT = (
    "INSERT OR REPLACE INTO django_session (session_key, session_data, expire_date)"
    " VALUES (?, 'bench', datetime('now', '+1 day'))"
)


@contextmanager
def being_written(database: Path) -> Iterator[None]:
    """Write sessions all the while, in a process of its own."""
    command = [sys.executable, "-m", "bench.sessions", str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        yield


def write(database: str, done: threading.Event) -> None:
    """Commit a session again and again until ``done``."""
    connection = sqlite3.connect(database, timeout=20, isolation_level=None)
    for number in itertools.count():
        if done.wait(1 / A_SECOND):
            break
        connection.execute(STATEMENT, [f"bench{number % ROWS}"])
    connection.close()


if __name__ == "__main__":
    ended = threading.Event()
    writer = threading.Thread(target=write, args=[sys.argv[1], ended])
    writer.start()
    sys.stdin.read()
    ended.set()
