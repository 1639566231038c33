"""Kill a process at every point of an action, restart after each kill and print the facts about the hub.

There is a point between any two changes: SQL statements that write, commits, and changes of files. Each
process is really killed. All of them are forks, because it would take too long to start a new one each time.
"""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from tests.support.databases.postgresql import create

WRITING = os.O_WRONLY | os.O_RDWR
FILE_EVENTS = {"os.link", "os.mkdir", "os.remove", "os.rename"}
LEAVE_NOTHING = ("SELECT", "WITH", "BEGIN", "SAVEPOINT", "RELEASE")
"""The first words of those SQL statements of the hub that change nothing by themselves."""
ACTION, STRIDE = sys.argv[1], int(sys.argv[2])
"""The name of the action, and the distance between points; the first and last point are always tested."""
Action = Callable[[], None]

_forking = multiprocessing.get_context("fork")


class Point:
    """Counts the points that this process reaches, and kills it at one of them.

    What was done since the last point is no point if it changed nothing: a kill would leave the same state.
    """

    def __init__(self, fatal: int) -> None:
        """Watch the database connection and the files of the instance directory."""
        from django.conf import settings
        from django.db import connection

        self.reached, self._fatal, self._has_changed = 0, fatal, True
        self._folder = str(settings.INSTANCE.data_dir)
        connection.execute_wrappers.append(self._statement)
        connection.commit = self._around(connection.commit)  # type: ignore[method-assign]
        sys.addaudithook(self._event)

    def before(self, *, changes: bool) -> None:
        """Count one point if there was a change since the last one; kill the process if it is the chosen one.

        ``changes`` says whether the next step changes something.
        """
        self.reached += self._has_changed
        if self._has_changed and self.reached == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self._has_changed = changes

    def _statement(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        self.before(changes=not str(sql).lstrip().startswith(LEAVE_NOTHING))
        return execute(sql, parameters, many, context)

    def _around(self, commit: Action) -> Action:
        def both_sides() -> None:
            self.before(changes=True)
            commit()
            self.before(changes=False)

        return both_sides

    def _event(self, name: str, arguments: tuple[Any, ...]) -> None:
        writes = name in FILE_EVENTS or (name == "open" and (arguments[2] or 0) & WRITING)
        if writes and str(arguments[0]).startswith(self._folder):
            self.before(changes=True)


class State:
    """A copy of the install as it is before the action, on SQLite or on PostgreSQL."""

    def __init__(self) -> None:
        """Copy the current install; this process must have no connection."""
        self._folder = Path(os.environ["HUB_DATA_DIR"])
        self._copy = self._folder.with_name("before")
        server, _, self._database = os.environ.get("HUB_DATABASE_URL", "").rpartition("/")
        self._server = f"{server}/postgres"
        shutil.copytree(self._folder, self._copy)
        if self._database:
            self._sql(f"ALTER DATABASE {self._database} RENAME TO {self._database}_before")

    def restore(self) -> None:
        """Restore the install from the copy."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._copy, self._folder)
        if self._database:
            self._sql(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)")
            with psycopg.connect(self._server, autocommit=True) as server:
                create(server, self._database, f"{self._database}_before")

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute(statement.encode())


def run(work: Action) -> int:
    """Run a function in a process of its own; return 0, or -9 if the process was killed."""
    process = _forking.Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode or 0


def ask(work: Callable[[], Any]) -> Any:
    """Return what a function returns in a process of its own."""
    said = _forking.SimpleQueue()
    assert run(lambda: said.put(json.dumps(work()))) == 0
    return json.loads(said.get())


def restarted() -> Any:
    """Start the hub again and return the facts about it."""
    from django.conf import settings

    from hub.bootstrap import bootstrap_application
    from hub.environment.instance import resolve_instance
    from tests.support.install_facts import facts

    settings.INSTANCE = resolve_instance(os.environ, settings.BASE_DIR)
    bootstrap_application()
    return facts()


def start_afresh() -> None:
    """Forget everything that this process has read; a fork then equals a newly started process."""
    from django.conf import settings
    from django.db import connections

    from config_app.testing import reset_process
    from hub.environment.instance import resolve_instance

    connections.close_all()
    reset_process()
    settings.INSTANCE = resolve_instance(os.environ, settings.BASE_DIR)


def die_at(fatal: int, action: Action) -> int:
    """Run the action in a process that is killed at point ``fatal``.

    Return 0 if it was killed there, or how many points it has reached if it has fewer.
    """
    said = _forking.SimpleQueue()

    def die() -> None:
        point = Point(fatal)
        with contextlib.redirect_stdout(io.StringIO()):
            action()
        said.put(point.reached)

    return 0 if run(die) else int(said.get())


def main() -> None:
    """Print JSON lines: the facts before the action, after it, and after each kill."""
    import django

    django.setup()
    from config_app.store.process import process
    from tests.support.processes.failing_actions import ACTIONS

    process.is_short_command = True  # a watcher of its own would write beside the action

    prepare, action = ACTIONS[ACTION]
    with contextlib.redirect_stdout(io.StringIO()):
        prepare()
    start_afresh()
    state = State()
    before, after = rehearse(state, action)
    gc.collect()
    gc.freeze()

    def kill_at(fatal: int) -> int:
        """Kill the action at a point and print the facts; if it ends before, return its last point."""
        if last := die_at(fatal, action):
            state.restore()
            return last
        say(found := ask(restarted))
        if found != before or before == after:  # a restart may do the same work
            state.restore()
        return 0

    state.restore()
    last = next(filter(None, map(kill_at, itertools.count(1, STRIDE))))
    if last % STRIDE != 1 % STRIDE:  # otherwise, it was killed there already
        kill_at(last)


def rehearse(state: State, action: Action) -> tuple[Any, Any]:
    """Print the facts before and after the action, and return both.

    Everything is done in this process once, because that makes its forks quicker.
    """
    state.restore()
    say(before := restarted())
    start_afresh()
    state.restore()
    with contextlib.redirect_stdout(io.StringIO()):
        action()
    start_afresh()
    say(after := restarted())
    start_afresh()
    return json.loads(json.dumps(before)), json.loads(json.dumps(after))


def say(found: Any) -> None:
    """Print ``found`` for the test."""
    print(json.dumps(found), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
