"""The earlier version and this one serve the same database for the length of a rolling upgrade (R16)."""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.earlier_version import EarlierHub, unpack
from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.processes.served_hub import owner_of, post, visitor, wait_for_workers
from tests.support.soak import times
from tests.support.waiting import wait_for
from tests.support.ways_to_change import EDITOR, fields_of

ROUNDS = times(1, 100)
WORKERS = 2
SHARED_KEY = "a key that both machines of this test share"
SQL = "UPDATE system_config SET config_value = '{}' WHERE config_key = 'csp_report_uri'"

numbers = itertools.count(1)


@pytest.fixture
def earlier(tmp_path: Path, postgresql_server: PostgreSQL) -> Iterator[EarlierHub]:
    """Give a claimed hub of the earlier version, served by two workers on PostgreSQL."""
    code = unpack(tmp_path / "code")
    url = postgresql_server.new_database()
    with EarlierHub(tmp_path / "earlier", code, database_url=url) as hub:
        hub.environment["HUB_ENCRYPTION_KEY"] = SHARED_KEY
        hub.claim()
        hub.serve(workers=WORKERS)
        wait_for_workers(hub, WORKERS)
        yield hub


class Sampler(threading.Thread):
    """Requests a page of a hub again and again as a signed-in person, and counts the answers by status."""

    def __init__(self, person: httpx2.Client) -> None:
        """Start."""
        super().__init__()
        self.person, self.found, self._is_over = person, dict[int, int](), threading.Event()
        self.start()

    def run(self) -> None:
        """Send the requests."""
        while not self._is_over.wait(0.1):
            status = self.person.get("/api/config").status_code
            self.found[status] = self.found.get(status, 0) + 1

    def stop(self) -> dict[int, int]:
        """Stop, and return the number of answers by status."""
        self._is_over.set()
        self.join()
        return self.found


@contextlib.contextmanager
def at(hub: HubProcess, cookies: httpx2.Cookies) -> Iterator[httpx2.Client]:
    """Give a browser that opens another hub with the cookies ``cookies``, as behind a load balancer."""
    with visitor(hub) as client:
        client.cookies.update(cookies)
        yield client


def in_the_editor(owner: httpx2.Client) -> Callable[[str], None]:
    """Return a function that saves a value in the editor; it repeats this if SQL was recorded meanwhile."""

    def is_saved(value: str) -> bool:
        page = owner.get(EDITOR)
        assert page.status_code == 200
        fields = fields_of(page.text) | {"csp_report_uri": value}
        return owner.post(EDITOR, data=fields).status_code == 302

    def change(value: str) -> None:
        wait_for(lambda: is_saved(value), "the editor to save")

    return change


def used(owner: httpx2.Client) -> str:
    answer = owner.get("/api/config")
    assert answer.status_code == 200
    return str(answer.json()["settings"]["csp_report_uri"]["value"])


def uses(owner: httpx2.Client, value: str) -> bool:
    return used(owner) == value


@pytest.mark.repeats
def test_both_serve_change_and_sign_in(earlier: EarlierHub, tmp_path: Path) -> None:
    with (
        owner_of(earlier) as owner,
        HubProcess(tmp_path / "later", database_url=earlier.database_url) as later,
    ):
        later.environment["HUB_ENCRYPTION_KEY"] = SHARED_KEY
        later.is_forked = False  # forks hash passwords in another way, and to renew a hash ends sessions
        sampler = Sampler(owner)
        try:
            later.serve(workers=WORKERS)  # migrates the database under the earlier version
            later.is_forked = True  # for commands
            with at(later, owner.cookies) as same_person, owner_of(later) as other:
                check_changes(earlier, later, owner, same_person)
                with at(earlier, other.cookies) as other_at_earlier:
                    assert used(other_at_earlier) == used(other)
                check_wrong_passwords(earlier, later)
        finally:
            answers = sampler.stop()
        assert answers.keys() == {200}, answers
        check_end_of_the_upgrade(earlier, later, owner)


def check_changes(
    earlier: EarlierHub, later: HubProcess, at_earlier: httpx2.Client, at_later: httpx2.Client
) -> None:
    """Change the configuration in each version, and check that both versions use each change."""
    ways: dict[str, Callable[[str], object]] = {
        "editor of the earlier version": in_the_editor(at_earlier),
        "editor of this version": in_the_editor(at_later),
        "command of this version": lambda value: later.config("set", f"csp_report_uri={value}"),
        "SQL": lambda value: earlier.sql(SQL.format(value)),
    }
    for way in list(ways) * ROUNDS:
        value = f"https://csp.example/{next(numbers)}"
        ways[way](value)
        for person in (at_earlier, at_later):
            wait_for(functools.partial(uses, person, value), f"a change by {way}")


def check_wrong_passwords(*hubs: HubProcess) -> None:
    """Check that the failures at one version count at the other."""
    for hub, _ in itertools.product(hubs, range(3)):
        with visitor(hub) as stranger:
            answer = post(stranger, "/auth/login", username="x@example.com", password="wrong")
    assert answer.status_code == 429


def check_end_of_the_upgrade(earlier: EarlierHub, later: HubProcess, owner: httpx2.Client) -> None:
    """Stop the earlier version. Then the cookies get their new names, and people stay signed in."""
    assert later.config("get", "install_id") == ""
    earlier.stop()
    later.manage("bootstrap")  # the running hub does the same within a minute
    own = later.config("get", "install_id")
    assert own
    with at(later, owner.cookies) as same_person, visitor(later) as other:
        wait_for(lambda: same_person.get("/api/config").status_code == 200, "the session to go on")
        assert post(other, "/auth/login", username=OWNER, password=PASSWORD).status_code == 302
        assert f"sessionid-{own}" in other.cookies
