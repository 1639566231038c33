"""One emulator of WorkOS and one served hub in mode workos, which several modules share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.workos.emulator import API_KEY, CLIENT_ID, Emulator, running_emulator
from tests.support.workos.served_hub import claim_for_workos, connect


@pytest.fixture(scope="session")
def emulator_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Give WorkOS's emulator."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def emulator(emulator_once: Emulator) -> Emulator:
    """Give WorkOS's emulator, in which no redirect URI is registered."""
    # An earlier hub at the same port may have registered the same redirect URI.
    emulator_once.forget_redirect_uris()
    return emulator_once


@pytest.fixture(scope="session")
def served_once_with_workos(
    emulator_once: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    """Give a claimed and served hub in mode workos that several modules share; see ``left_as_it_was``."""
    with HubProcess(tmp_path_factory.mktemp("served")) as hub:
        hub.bring_up()
        connect(hub, emulator_once.url)
        claim_for_workos(hub, CLIENT_ID, API_KEY)
        hub.serve(workers=2)
        wait_for_workers(hub, 2)
        yield hub
