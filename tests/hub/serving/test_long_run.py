"""A hub that is used for a long time does not need more and more rows, memory or descriptors."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError

from tests.support.event_stream import EventStream, sign_in
from tests.support.processes.background import in_background
from tests.support.processes.crowd import Crowd
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.process_tree import children
from tests.support.processes.served_hub import wait_for_workers
from tests.support.processes.slow_clients import descriptors, resident
from tests.support.soak import one_of, times
from tests.support.waiting import wait_for

WORKERS = 2
SECONDS = times(4, 30 * 60)
WARM_UP = SECONDS / 3
"""Caches fill and connections open in the first third. After that, nothing may grow for ever."""
MORE_MEMORY = 16 * 1024 * 1024
"""Bytes by which a process may grow after the warm-up."""
MORE_DESCRIPTORS = 16
MORE_ROWS = 60
"""Rows that a table may gain after the warm-up. The history is kept on purpose, so it has no limit."""
HISTORY = {"config_revision", "config_change"}
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


@dataclasses.dataclass(frozen=True)
class Use:
    """What a hub uses at one moment: rows by table; bytes of memory and open descriptors by process."""

    rows: dict[str, int]
    memory: dict[int, int]
    descriptors: dict[int, int]

    def __str__(self) -> str:
        """Return the figures of the whole hub, for the report of a long run."""
        mebibytes = {pid: used // 1024**2 for pid, used in self.memory.items()}
        return f"rows {self.rows}, MiB {mebibytes}, descriptors {self.descriptors}"


def used_by(hub: HubProcess) -> Use:
    assert hub.server is not None
    pids = [hub.server.pid, *children(hub.server.pid)]
    tables = [name for (name,) in hub.sql(TABLES["postgresql" if hub.database_url else "sqlite"])]
    rows = {name: hub.sql(f"SELECT count(*) FROM {name}")[0][0] for name in tables}  # noqa: S608 - ours
    return Use(rows, {pid: resident(pid) for pid in pids}, {pid: descriptors(pid) for pid in pids})


class Routine:
    """An action that is repeated in the background, a fixed number of seconds after its last start."""

    def __init__(self, action: Callable[[int], object], every: float) -> None:
        self._action, self._every = action, every
        self._ending = threading.Event()
        self.done = 0
        self.failures: list[str] = []

    def _go_on(self) -> None:
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                self._action(self.done)
                self.done += 1
            except Exception as error:  # noqa: BLE001 - the test says what failed
                self.failures.append(f"{error!r} after {self.done}")
            self._ending.wait(max(0.0, began + self._every - time.monotonic()))

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        with in_background([self._go_on], self._ending):
            yield


def routines(hub: HubProcess) -> dict[str, Routine]:
    """Return what people and programs do, each with its pace."""

    def enter_wrong_password(_number: int) -> None:
        with contextlib.suppress(HTTPError):  # soon the hub answers 429
            sign_in(hub, "stranger@example.com", "wrong")

    def follow_events(_number: int) -> None:
        with EventStream(hub, cookie) as stream:
            assert stream.event() is not None

    cookie = sign_in(hub)
    return {
        "changes": Routine(
            lambda number: hub.config("set", f"csp_report_uri=https://{number}.example/"), 1.0
        ),
        "sign-ins": Routine(lambda _: sign_in(hub), times(3, 30)),
        "wrong passwords": Routine(enter_wrong_password, 2.0),
        "event streams": Routine(follow_events, 1.0),
    }


@one_of("any_hub_process", "postgresql", "sqlite")
def test_a_long_run_leaves_the_hub_as_small_as_it_was(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.claim()
    hub.serve(workers=WORKERS)
    wait_for_workers(hub, WORKERS)
    work, cookie = routines(hub), sign_in(hub)
    pages = ("/", "/admin/config_app/systemconfig/", "/health/ready", "/auth/login", "/no/such/page")
    crowds = [Crowd(hub, page, 1, cookie) for page in pages]
    start = used_by(hub)
    with contextlib.ExitStack() as stack:
        for running in (*(routine.going_on() for routine in work.values()), *(c.visiting() for c in crowds)):
            stack.enter_context(running)
        time.sleep(WARM_UP)
        wait_for(lambda: all(r.done for r in work.values()) and all(c.times for c in crowds), "a warm hub")
        warm = used_by(hub)
        time.sleep(SECONDS - WARM_UP)
    end = used_by(hub)
    done: dict[str, Any] = {name: routine.done for name, routine in work.items()}
    print(f"\n{SECONDS} s: {done}\n" + "\n".join(map(str, crowds)))  # noqa: T201 - ``pytest -s`` shows it
    print(f"start: {start}\nwarm: {warm}\nend: {end}")  # noqa: T201
    assert {name: routine.failures for name, routine in work.items() if routine.failures} == {}
    assert all(done.values())
    assert {status for crowd in crowds for status in crowd.answers} <= {200, 302, 404}
    require_no_growth(warm, end)


def require_no_growth(warm: Use, end: Use) -> None:
    assert warm.memory.keys() == end.memory.keys(), "a process has been replaced"
    tables = end.rows.keys() - HISTORY
    assert {name: end.rows[name] for name in tables if end.rows[name] > warm.rows[name] + MORE_ROWS} == {}
    for pid in end.memory:
        assert end.memory[pid] < warm.memory[pid] + MORE_MEMORY
        assert end.descriptors[pid] < warm.descriptors[pid] + MORE_DESCRIPTORS
