"""Many addresses that guess passwords do not slow the hub down for other people (W5)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.processes.guessers import Guessers
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.processes.served_hub import post, visitor, wait_for_workers
from tests.support.processes.slow_clients import Visitor
from tests.support.soak import times
from tests.support.waiting import wait_for

ADDRESSES = times(50, 100)
ACCOUNTS = [OWNER], [f"guess{number}@example.com" for number in range(ADDRESSES)]
SECONDS = times(1, 30)
SOON = 5.0
"""Seconds in which others have their page; usually it takes a few hundredths of a second."""
SIGNED_IN = 25.0
"""Seconds in which a known person is signed in on a busy machine; the hash takes a third of one. A person
who is not known waits in the queue of the guessers, and most of those are refused with the status 503."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a hub that makes real hashes; a fork of the command server would make quick ones."""
    with HubProcess(tmp_path_factory.mktemp("guessers") / "hub") as hub:
        hub.claim()
        hub.config("set", "trusted_proxies", "127.0.0.1")
        hub.is_forked = False
        hub.serve(workers=2)
        wait_for_workers(hub, 2)
        yield hub


@pytest.mark.repeats
@pytest.mark.parametrize("accounts", ACCOUNTS[: times(1, 2)])
def test_others_have_their_pages_and_known_people_sign_in(hub: HubProcess, accounts: list[str]) -> None:
    guessers, others, before = Guessers(hub, accounts), Visitor(hub), hub.log.stat().st_size
    with visitor(hub) as known:
        assert post(known, "/auth/login", username=OWNER, password=PASSWORD).status_code == 302
        assert post(known, "/auth/logout", page="/").status_code == 302
        start = time.monotonic()
        with guessers.guessing(ADDRESSES), others.visiting():
            time.sleep(SECONDS)
            wait_for(lambda: guessers.statuses.total() >= ADDRESSES, "as many answers as there are guessers")
            began = time.monotonic()
            assert post(known, "/auth/login", username=OWNER, password=PASSWORD).status_code == 302
            assert time.monotonic() - began < SIGNED_IN
            wait_for(lambda: len(others.times) > SECONDS, "others to have their pages")
    seconds = time.monotonic() - start
    assert not others.failures
    assert max(others.times) < SOON
    assert guessers.statuses[503] > guessers.statuses[200]
    assert hub.log.stat().st_size - before < 2000 + 1000 * seconds
