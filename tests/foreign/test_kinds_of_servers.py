"""In every server, task queue and shell, a change is in force within the bound of its database (E3).

``make soak`` makes more changes, in more kinds of processes and on both databases. Each run adds what it
measures to ``build/kinds-of-processes.txt``.
"""

from __future__ import annotations

import contextlib
import re
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.foreign_project import ForeignProject
from tests.support.kinds.catalogue import MORE, QUEUES, SERVERS, started, started_shell
from tests.support.kinds.project import furnish
from tests.support.kinds.running import Reading, Running
from tests.support.processes.command_server import ROOT
from tests.support.soak import IS_SOAK, times
from tests.support.waiting import wait_for

pytestmark = pytest.mark.repeats

KINDS = SERVERS | QUEUES | (MORE if IS_SOAK else {})
SHELL = "manage.py shell"
DATABASES = ["project", "postgresql_project"] if IS_SOAK else ["project"]
BOUND = 2.0
"""Seconds: the longest bound of any kind. Other tests measure the shorter bounds of the databases."""
STOPS_WITHIN = 25.0
"""Seconds: less than the 30 after which gunicorn kills a worker that does not stop."""
SLEEP = times(2, 65)
"""Seconds without a read. Most processes load once a minute even if they notice no change."""
FIGURES = ROOT / "build" / "kinds-of-processes.txt"
TROUBLE = re.compile(r"Traceback|deadlock|config_app|DeprecationWarning|Unhandled")


@pytest.fixture(params=DATABASES)
def served(request: pytest.FixtureRequest) -> ForeignProject:
    """Return a project that can run in every kind of process."""
    project: ForeignProject = request.getfixturevalue(request.param)
    furnish(project)
    return project


def run_in(name: str, project: ForeignProject) -> contextlib.AbstractContextManager[Running]:
    return started_shell(project) if name == SHELL else started(KINDS[name], project)


def processes(name: str) -> int:
    return 1 if name == SHELL else KINDS[name].processes


# Each way prints a time right after the commit. From a time before it, such as that of the revision, a busy
# machine may need seconds until the commit.
SAVE_IN_ADMIN = """
import time
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

client = Client()
client.force_login(User.objects.get_or_create(username="olive", is_staff=True, is_superuser=True)[0])
editor = reverse("admin:config_app_systemconfig_changelist")
base = client.get(editor).context_data["form"]["_base_revision"].value()
assert client.post(editor, {"_base_revision": base, "page_size": "%s"}).status_code == 302
print(time.time())
"""
RUN_COMMAND = """
import io, time
from django.core.management import call_command

call_command("config", "set", "page_size", "%s", stdout=io.StringIO())
print(time.time())
"""
WRITE_SQL = """
from config_app.models import SystemConfig
from django.db import connection, transaction
import time

with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("DELETE FROM system_config WHERE config_key = 'page_size'")
    cursor.execute("INSERT INTO system_config (config_key, config_value) VALUES ('page_size', '%s')")
print(time.time())
"""


def change(project: ForeignProject, number: int) -> float:
    """Change the value in one of three ways, in another process; return when the change was committed."""
    way = (WRITE_SQL, RUN_COMMAND, SAVE_IN_ADMIN)[number % 3]
    return float(project.says(way % number))


def seconds_out_of_date(running: Running, number: int, value: int) -> float:
    """Change the value while ``number`` processes read it.

    Return the seconds from the commit until the last reading of an old value, or 0.0.
    """
    found: list[Reading] = []

    def all_have_read_it() -> bool:
        found.append(running.ask())
        return changing.done() and len({one.pid for one in found if one.value == value}) >= number

    with ThreadPoolExecutor() as pool:
        changing = pool.submit(change, running.project, value)
        wait_for(all_have_read_it, f"{value} in {number} processes")
    return max([0.0, *(one.at - changing.result() for one in found if one.value != value)])


@pytest.mark.parametrize("name", [*KINDS, SHELL])
def test_a_change_is_in_force_in_time_and_the_process_stops_in_peace(
    served: ForeignProject, name: str
) -> None:
    with run_in(name, served) as running:
        assert running.first().value == 20
        running.pids(processes(name))
        first = 31 + 2 * [*KINDS, SHELL].index(name)  # another way to change for each kind
        values = range(first, first + times(2, 20))
        delays = [seconds_out_of_date(running, processes(name), value) for value in values]
        running.stop(STOPS_WITHIN)
    note(served, name, delays)
    assert max(delays) < BOUND, delays
    assert not TROUBLE.search(running.log.read_text()), running.log.read_text()


def note(project: ForeignProject, name: str, delays: list[float]) -> None:
    """Add a line of figures to the file."""
    database = "PostgreSQL" if "postgres" in (project.folder / "shop_settings.py").read_text() else "SQLite"
    middle, most = (round(1000 * seconds) for seconds in (statistics.median(delays), max(delays)))
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a") as file:
        file.write(f"{name:<45} {database:<12} median {middle:>5} ms, longest {most:>5} ms\n")


def test_processes_that_slept_are_current_when_they_read_again(served: ForeignProject) -> None:
    with contextlib.ExitStack() as stack:
        names = KINDS if IS_SOAK else ["uWSGI"]  # whose worker runs no thread between two requests
        awake = {name: stack.enter_context(run_in(name, served)) for name in names}
        for name, running in awake.items():
            running.first()
            running.pids(processes(name))
        before = time.time()
        value = 31
        wait_for(lambda: time.time() > before + SLEEP, "the end of the sleep", SLEEP + 1)
        committed = change(served, value)
        wait_for(lambda: time.time() > committed + BOUND, "the end of the bound")
        assert {name: running.ask().value for name, running in awake.items()} == dict.fromkeys(awake, value)


@pytest.mark.parametrize(
    "name", ["gunicorn, gthread", "gunicorn, sync", "gunicorn, uvicorn's worker"][: times(1, 3)]
)
def test_the_workers_after_a_reload_of_gunicorn_notice_changes(served: ForeignProject, name: str) -> None:
    with run_in(name, served) as running:
        running.first()
        old = running.pids(processes(name))
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: running.ask().pid not in old, "a new worker")
        assert seconds_out_of_date(running, 1, 31) < BOUND


def test_workers_that_gunicorn_preloads_share_no_connection(
    postgresql_project: ForeignProject,
) -> None:
    furnish(postgresql_project)
    with started(SERVERS["gunicorn, sync, --preload"], postgresql_project) as running:
        running.first()
        with ThreadPoolExecutor(8) as pool:  # a shared connection would mix up the answers
            answers = list(pool.map(lambda _: running.ask(), range(200)))
        assert len({answer.pid for answer in answers}) == 2
