"""``python -m bench.sessions DATABASE``: write sessions to a database, as happens when people sign in."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

A_SECOND = 20
ROWS = 100
STATEMENT = (
    "INSERT INTO django_session (session_key, session_data, expire_date)"
    " VALUES ('bench{number}', 'bench', '2100-01-01 00:00:00')"
    " ON CONFLICT (session_key) DO UPDATE SET session_data = excluded.session_data"
)


@contextmanager
def being_written(database: str) -> Iterator[None]:
    """Write sessions in a separate process during the ``with`` block; ``database`` is a path or a URL."""
    command = [sys.executable, "-m", "bench.sessions", database]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        yield


def write(database: str, done: threading.Event) -> None:
    """Commit sessions, ``A_SECOND`` times per second, until ``done`` is set."""
    with closing(_connect(database)) as connection:
        for number in itertools.count():
            if done.wait(1 / A_SECOND):
                break
            connection.execute(STATEMENT.format(number=number % ROWS))


def _connect(database: str) -> Any:
    if "://" in database:
        return psycopg.connect(database, autocommit=True)
    return sqlite3.connect(database, timeout=20, isolation_level=None)


if __name__ == "__main__":
    ended = threading.Event()
    writer = threading.Thread(target=write, args=[sys.argv[1], ended])
    writer.start()
    sys.stdin.read()
    ended.set()
