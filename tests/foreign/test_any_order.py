"""Changes, transactions, rollbacks, raw SQL and reloads may come in any order: only commits count.

Hypothesis drives two processes of a project. After each step, the test compares what the processes use with
a model of what is committed (E1, E2).
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.any_order.driver import Driver
from tests.support.any_order.steps import (
    FIRST_SECRET_ROLLED_BACK,
    OLDER_THAN_ITS_PROCESS,
    RELOADED_BEFORE_ROLLBACK,
    STEPS,
    Step,
)
from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import ForeignProject
from tests.support.soak import IS_SOAK, times

WRITE_AHEAD_LOG = """
DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA journal_mode=wal"}
"""
Install = Callable[[bool], contextlib.AbstractContextManager[ForeignProject]]
PARTS = pytest.mark.parametrize("part", range(times(1, 6)))
"""In ``make soak``, there are 6 times 50 examples, because one test must not take too long."""
ANY_ORDER = settings(
    max_examples=times(3, 50),
    derandomize=not IS_SOAK,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking could take longer than a test may
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def on_sqlite(tmp_path: Path, migrated: Path) -> Install:
    """Return a function that makes a project on SQLite, with a write-ahead log or without one."""
    numbers = itertools.count()

    @contextlib.contextmanager
    def install(has_log: bool) -> Iterator[ForeignProject]:
        folder = tmp_path / f"project{next(numbers)}"
        found = ForeignProject(folder, settings=WRITE_AHEAD_LOG if has_log else "")
        shutil.copy(migrated, found.database)
        yield found
        shutil.rmtree(folder)

    return install


@pytest.fixture
def on_postgresql(tmp_path: Path, postgresql_server: PostgreSQL, migrated_on_postgresql: str) -> Install:
    """Return a function that makes a project on PostgreSQL."""
    numbers = itertools.count()

    @contextlib.contextmanager
    def install(_has_log: bool) -> Iterator[ForeignProject]:
        folder, url = tmp_path / f"project{next(numbers)}", postgresql_server.copy_of(migrated_on_postgresql)
        try:
            yield ForeignProject(folder, database_url=url)
        finally:
            postgresql_server.drop(url)
            shutil.rmtree(folder)

    return install


@pytest.mark.repeats
@PARTS
@ANY_ORDER
@given(steps=STEPS, watching=st.tuples(st.booleans(), st.booleans()), has_log=st.booleans())
@example(steps=FIRST_SECRET_ROLLED_BACK, watching=(False, False), has_log=True)
@example(steps=RELOADED_BEFORE_ROLLBACK, watching=(False, False), has_log=True)
@example(steps=OLDER_THAN_ITS_PROCESS, watching=(False, False), has_log=True)
def test_only_commits_count_on_sqlite(
    on_sqlite: Install, part: int, steps: list[Step], watching: tuple[bool, bool], has_log: bool
) -> None:
    with on_sqlite(has_log) as project:
        Driver(project, is_on_sqlite=True, keeps_views=has_log, watching=watching).run(steps)


@pytest.mark.repeats
@PARTS
@ANY_ORDER
@given(steps=STEPS, watching=st.tuples(st.booleans(), st.booleans()))
@example(steps=FIRST_SECRET_ROLLED_BACK, watching=(False, False))
@example(steps=RELOADED_BEFORE_ROLLBACK, watching=(False, False))
@example(steps=OLDER_THAN_ITS_PROCESS, watching=(False, False))
def test_only_commits_count_on_postgresql(
    on_postgresql: Install, part: int, steps: list[Step], watching: tuple[bool, bool]
) -> None:
    with on_postgresql(False) as project:
        Driver(project, is_on_sqlite=False, keeps_views=True, watching=watching).run(steps)
