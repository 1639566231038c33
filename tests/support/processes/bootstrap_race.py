"""Start an empty hub from many processes at once, several times; print what each process reports."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier

_forking = multiprocessing.get_context("fork")


def empty() -> None:
    """Remove everything that an earlier run created."""
    shutil.rmtree(os.environ["HUB_DATA_DIR"], ignore_errors=True)
    server, _, name = os.environ.get("HUB_DATABASE_URL", "").rpartition("/")
    if name:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())


def start(barrier: Barrier, said: SimpleQueue[Any]) -> None:
    """Start the hub as soon as all processes are ready; report its configuration."""
    from config_app.encryption.install_keyring import get_keyring
    from hub.bootstrap import bootstrap_application

    barrier.wait(60)
    config = bootstrap_application()
    secret = config.workos_cookie_password
    said.put([config.port, secret and secret.reveal(), get_keyring().derive("test").hex()])


def look(said: SimpleQueue[Any]) -> None:
    """Report what is in the database."""
    from config_app.models import KeySlot, Revision
    from setup_wizard.models import SetupToken

    history = list(Revision.objects.order_by("number").values_list("number", "channel"))
    said.put([history, KeySlot.objects.count(), SetupToken.objects.count()])


def race(processes: int) -> tuple[list[Any], Any]:
    """Start an empty hub from ``processes`` processes; return their reports and the database's content."""
    empty()
    barrier, said = _forking.Barrier(processes), _forking.SimpleQueue()
    racers = [_forking.Process(target=start, args=(barrier, said)) for _ in range(processes)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    found = [said.get() for racer in racers if racer.exitcode == 0]
    onlooker = _forking.Process(target=look, args=(said,))
    onlooker.start()
    return found, said.get()


def main(processes: int, runs: int) -> None:
    """Print a line of JSON for each run."""
    import django

    django.setup()
    for _ in range(runs):
        print(json.dumps(race(processes)), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
