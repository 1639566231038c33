"""Two hubs on one PostgreSQL server, while their configuration changes and the server restarts."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.support import revision_marks
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes import hasty_limits
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import owner_of, wait_for_workers
from tests.support.processes.worker_observers import Observer, PageObserver, Sighting, WorkerObserver
from tests.support.soak import IS_SOAK, times
from tests.support.waiting import wait_for
from tests.support.ways_to_change import Change, changers

logger = logging.getLogger("tests")

WORKERS, CHANGES, RESTARTS = times(2, 4), times(32, 200), times(1, 3)
BEFORE_A_RESTART = times(4, 20)
SOON = 4.0
"""Seconds until every worker of both hubs has a change, even if the machine stands still for two seconds.

Usually it takes 20 ms. Without notifications it would take up to 5 s in a hub."""
AFTER_RESTART = 10.0
"""Seconds after the server accepts connections again; the watchers try once a second."""
SETTINGS = "hub.settings" if IS_SOAK else "tests.support.processes.hasty_database"
WITHOUT_NOTIFICATIONS = (5.0 if IS_SOAK else hasty_limits.BACKSTOP) + SOON
"""Seconds that a change may take without notifications; the watchers poll the version every 5 s in a hub."""
WEIGHTS = {"command": 30, "admin": 20, "sql": 40, "psql": 8, "manage": 2}


@dataclass
class Timeline:
    """For each number, when its commit finished and when every worker must have it."""

    committed: dict[int, float] = field(default_factory=dict)
    deadlines: dict[int, float] = field(default_factory=dict)

    def note(self, number: int, bound: float) -> None:
        """Record that the commit of ``number`` has just finished."""
        self.committed[number] = time.monotonic()
        self.deadlines[number] = time.monotonic() + bound

    def extend(self, since: float) -> None:
        """Extend the deadlines after ``since``, because the server was stopped meanwhile."""
        for number, deadline in self.deadlines.items():
            if deadline > since:
                self.deadlines[number] = max(deadline, time.monotonic() + AFTER_RESTART)

    def due_at(self, moment: float) -> int:
        """Return the newest number that every worker must have at ``moment``."""
        return max((n for n, deadline in self.deadlines.items() if deadline <= moment), default=0)

    def delays(self, seen: Sequence[Sighting]) -> list[float]:
        """Return, for one worker, the seconds from each commit to the first answer that is not older."""
        found, position = [], 0
        for number, committed in sorted(self.committed.items()):
            while position < len(seen) and seen[position].number < number:
                position += 1
            if position < len(seen):
                found.append(max(0.0, seen[position].answered - committed))
        return found


@dataclass
class Stage:
    """The server, the hubs, the ways to change them, the observers and the last number."""

    server: PostgreSQL
    hubs: list[HubProcess]
    ways: dict[str, list[Change]]
    observers: list[WorkerObserver]
    timeline: Timeline = field(default_factory=Timeline)
    number: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - repeatable

    def change(self, count: int, bound: float = SOON, before: Callable[[], object] = lambda: None) -> None:
        """Make random changes on either hub, one after the other."""
        for _ in range(count):
            before()
            (way,) = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            self.number += 1
            self.chance.choice(self.ways[way])(self.number)
            self.timeline.note(self.number, bound)

    def everybody_has_it(self, within: float) -> None:
        """Wait until every worker of both hubs has the last change."""
        wait_for(lambda: self.everybody(lambda s: s.number == self.number), "every worker", within)

    def everybody(self, is_so: Callable[[Sighting], bool]) -> bool:
        """Return whether ``is_so`` is true of the last sighting of every worker."""
        newest = [sighting for observer in self.observers for sighting in observer.newest().values()]
        return len(newest) == WORKERS * len(self.hubs) and all(map(is_so, newest))

    def sql(self, statement: str) -> None:
        """Run SQL in the database."""
        with psycopg.connect(str(self.hubs[0].database_url), autocommit=True) as client:
            client.execute(statement.encode())


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[tuple[PostgreSQL, list[HubProcess]]]:
    """Give two claimed hubs that are served with the same database, on a PostgreSQL server of their own."""
    with PostgreSQL.running() as server:
        url = server.new_database()
        one, two = (HubProcess(tmp_path / name, database_url=url) for name in ("one", "two"))
        with one, two:
            for hub in (one, two):
                hub.environment["HUB_ENCRYPTION_KEY"] = "a key that both of the machines have"
                hub.environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
            one.claim()
            first = (f"{key}={value}" for key, value in revision_marks.changes(0).items())
            one.config("set", "trusted_proxies=127.0.0.1", *first)
            for hub in (one, two):
                hub.serve(workers=WORKERS)
            wait_for_workers(one, 2 * WORKERS)
            yield server, [one, two]


@pytest.fixture
def stage(hubs: tuple[PostgreSQL, list[HubProcess]]) -> Iterator[Stage]:
    """Give a stage on which observers ask every worker without a pause."""
    server, pair = hubs
    with contextlib.ExitStack() as stack:
        ways = [stack.enter_context(changers(hub)) for hub in pair]
        observers = [WorkerObserver(hub, WORKERS) for hub in pair]
        pages = [PageObserver(hub, reader(stack.enter_context(owner_of(hub)))) for hub in pair]
        everybody: list[Observer] = [*observers, *pages]
        for observer in everybody:
            observer.start()
        yield Stage(server, pair, {way: [of[way] for of in ways] for way in WEIGHTS}, observers)
        for observer in everybody:
            observer.stop()
        assert all(page.seen > CHANGES / 10 for page in pages)


def reader(owner: httpx2.Client) -> Callable[[], tuple[int, dict[str, str], bytes]]:
    """Return a function that requests the whole configuration."""

    def read() -> tuple[int, dict[str, str], bytes]:
        answer = owner.get("/api/config")
        return answer.status_code, dict(answer.headers), answer.content

    return read


def restart(stage: Stage) -> None:
    """Stop the server as in a crash, wait until all workers report stale configuration, and restart it."""
    since = time.monotonic()
    stage.server.stop()
    wait_for(lambda: stage.everybody(lambda s: s.is_stale), "every worker to notice")
    stage.server.start()
    stage.timeline.extend(since)


def hang_up(stage: Stage) -> None:
    """Close every connection on which a process listens for notifications."""
    stage.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'config_app watcher'"
    )


@pytest.mark.repeats
def test_no_process_mixes_two_revisions_goes_back_or_misses_one(stage: Stage) -> None:
    stage.change(CHANGES * 2 // 5)
    for _ in range(RESTARTS):
        stage.change(BEFORE_A_RESTART)
        restart(stage)
        stage.change(5, AFTER_RESTART)
        stage.everybody_has_it(AFTER_RESTART)
    stage.change(8, before=lambda: hang_up(stage))
    stage.everybody_has_it(SOON)
    stage.sql("ALTER TABLE config_state DISABLE TRIGGER config_state_notifies")
    stage.change(7, WITHOUT_NOTIFICATIONS)
    stage.everybody_has_it(WITHOUT_NOTIFICATIONS)
    stage.sql("ALTER TABLE config_state ENABLE TRIGGER config_state_notifies")
    stage.change(CHANGES - stage.number)
    stage.everybody_has_it(SOON)

    workers = by_worker(stage.observers)
    assert len(workers) == 2 * WORKERS
    for sightings in workers.values():
        never_goes_back(sightings)
        misses_nothing(sightings, stage.timeline)
    logger.info(figures(stage.timeline, list(workers.values())))
    for hub in stage.hubs:
        assert "Traceback" not in hub.log.read_text()


def by_worker(observers: Sequence[WorkerObserver]) -> dict[str, list[Sighting]]:
    found: dict[str, list[Sighting]] = {}
    for observer in observers:
        for sighting in observer.sightings:
            found.setdefault(sighting.worker, []).append(sighting)
    return found


def never_goes_back(sightings: Sequence[Sighting]) -> None:
    for name in ("number", "revision"):
        seen = [getattr(sighting, name) for sighting in sightings]
        assert seen == sorted(seen), name


def misses_nothing(sightings: Sequence[Sighting], timeline: Timeline) -> None:
    late = [s for s in sightings if s.number < timeline.due_at(s.asked)]
    assert not late, (late[0], timeline.due_at(late[0].asked))


def figures(timeline: Timeline, workers: Sequence[Sequence[Sighting]]) -> str:
    """Return a summary of the seconds until the workers used each change, for the test report."""
    delays = sorted(delay for seen in workers for delay in timeline.delays(seen))
    count = sum(len(seen) for seen in workers)
    middle, most = delays[len(delays) // 2], delays[len(delays) * 95 // 100]
    return f"{count} answers, p50 {middle * 1000:.0f} ms, p95 {most * 1000:.0f} ms, max {delays[-1]:.1f} s"
