"""Let another process change the database between two statements of the test."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from config_app.database.place import close_connections
from config_app.encryption import install_keyring


def in_another_process(event: Callable[[], None]) -> None:
    """Run ``event`` in a thread that shares neither the keyring nor its lock with this thread."""
    with pytest.MonkeyPatch.context() as own, ThreadPoolExecutor(1) as thread:
        own.setattr(install_keyring, "_lock", threading.Lock())
        own.setattr(install_keyring._unlocked, "keyring", None)
        thread.submit(event).result()
        thread.submit(close_connections).result()


@contextlib.contextmanager
def before_statement(number: int, event: Callable[[], None]) -> Iterator[list[int]]:
    """Let ``event`` happen before the statement with this number. Yield a list of the numbers that ran."""
    ran = list[int]()

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        if len(ran) == number:
            in_another_process(event)
        ran.append(len(ran))
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield ran
