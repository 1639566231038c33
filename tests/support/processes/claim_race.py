"""Claim a hub from many processes at once, after a barrier; print the outcome of each."""

from __future__ import annotations

import multiprocessing
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier

PATIENCE = 60.0
"""Seconds that a process waits for those before it. On a busy machine the usual limit may be too short."""


def race(number: int, password: str, barrier: Barrier, said: SimpleQueue[str]) -> None:
    """Claim the hub as soon as all processes are ready; report the outcome."""
    from config_app.store.locks import waiting_at_most
    from setup_wizard.claiming.claim import claim
    from setup_wizard.claiming.state import unclaimed_config
    from setup_wizard.errors import AlreadyClaimed
    from setup_wizard.product import Administrator, Application

    account = Administrator(email=f"racer{number}@example.com", password=password)
    application = Application(mode="local", changes={"port": 9000 + number}, administrator=account)
    unclaimed_config()  # as a request does; it also opens the connection
    barrier.wait(PATIENCE)
    try:
        with waiting_at_most(PATIENCE):
            claim(application, holder=None)
    except AlreadyClaimed:
        said.put("lost")
    except BaseException as error:
        said.put(f"failed: {error!r}")
        raise
    else:
        said.put(f"won {account.email}")


def main(racers: int) -> None:
    """Start the processes and print what each one reports."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password

    context = multiprocessing.get_context("fork")
    barrier, said = context.Barrier(racers), context.SimpleQueue()
    password = make_password("correct horse battery staple")
    processes = [
        context.Process(target=race, args=(number, password, barrier, said)) for number in range(racers)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        print(said.get())  # noqa: T201 - read by the test
    for process in processes:
        process.join(PATIENCE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
