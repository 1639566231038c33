"""A process that runs no threads, or is forked by uWSGI, reads current values or says that it cannot (E3)."""

from __future__ import annotations

import pytest

from tests.foreign.test_kinds_of_processes import CHANGED_BY_ANOTHER
from tests.support.foreign_project import ForeignProject
from tests.support.soak import times

pytestmark = [pytest.mark.repeats, pytest.mark.usefixtures("interpreters_in_soak")]
WITHOUT_MIDDLEWARE = "MIDDLEWARE.remove('config_app.middleware.one_revision')"
on_one_database = pytest.mark.parametrize(
    "any_project", ["postgresql", "sqlite"][: times(1, 2)], indirect=True
)
"""Each test starts interpreters, so only ``make soak`` runs it on both databases."""


def test_a_process_that_can_start_no_thread_is_current(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + """
import threading
def refuse(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
assert get_config().page_size == 20
change(30)
print(becomes(30))
"""
    )
    assert said.splitlines()[-1] == "True"


WITHOUT_THREADS = (
    CHANGED_BY_ANOTHER
    + """
import threading, types
# As in a worker of uWSGI without enable-threads.
uwsgi = types.SimpleNamespace(has_threads=0, worker_id=lambda: 1, mule_id=lambda: 0)
sys.modules["uwsgi"] = uwsgi
"""
)


@on_one_database
@pytest.mark.parametrize("has_middleware", [True, False])
def test_a_server_without_threads_checks_the_database_at_requests(
    any_project: ForeignProject, *, has_middleware: bool
) -> None:
    if not has_middleware:
        any_project.add_settings(WITHOUT_MIDDLEWARE)
    said = any_project.says(
        WITHOUT_THREADS
        + """
request()
assert get_config().page_size == 20
change(30)
end = time.monotonic() + 30
while get_config().page_size == 20 and time.monotonic() < end:
    request()
    time.sleep(0.02)  # requests without a pause would only take time from the other tests
print(get_config().page_size, threading.active_count())
"""
    )
    assert said == "30 1"


@on_one_database
def test_a_process_without_threads_checks_the_database_when_it_reads(any_project: ForeignProject) -> None:
    said = any_project.says(
        WITHOUT_THREADS
        + """
assert get_config().page_size == 20
change(30)
print(becomes(30, 2), threading.active_count())
"""
    )
    assert said == "True 1"


@on_one_database
def test_a_process_without_threads_reverts_what_was_not_confirmed_and_leaves_a_receipt(
    any_project: ForeignProject,
) -> None:
    said = any_project.says(
        WITHOUT_THREADS
        + """
from config_app.api import plan
from config_app.models import Process
from config_app.propagation import watcher
may_revert, revert_overdue = threading.Event(), watcher.revert_overdue
watcher.revert_overdue = lambda: may_revert.is_set() and revert_overdue()
plan({"page_size": 30}).apply(confirm_within=0.1)
assert get_config().page_size == 30
may_revert.set()
print(becomes(20), Process.objects.get().pid == os.getpid())
"""
    )
    assert said == "True True"


@on_one_database
def test_the_master_of_such_processes_leaves_no_receipt_and_no_connection(
    any_project: ForeignProject,
) -> None:
    said = any_project.says(
        WITHOUT_THREADS
        + """
from config_app.models import Process
from django.db import connection
uwsgi.worker_id = lambda: 0
assert get_config().page_size == 20
change(30)
print(becomes(30, 2), connection.connection, Process.objects.count())
"""
    )
    assert said == "True None 0"


def test_a_thread_that_never_runs_is_not_relied_on(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + """
import threading
from config_app.propagation import watcher
watcher.Watcher.run = lambda thread: threading.Event().wait(60)
request()
assert get_config().page_size == 20
change(30)
print(becomes(30, 2))
"""
    )
    assert said == "True"


@pytest.mark.parametrize("has_middleware", [True, False])
def test_a_thread_that_stops_running_is_not_relied_on_in_requests(
    project: ForeignProject, *, has_middleware: bool
) -> None:
    if not has_middleware:
        project.add_settings(WITHOUT_MIDDLEWARE)
    said = project.says(
        CHANGED_BY_ANOTHER
        + """
import threading
from config_app.live import runtime
from config_app.propagation import sqlite
request()
while not runtime.is_watched():
    time.sleep(0.01)
assert get_config().page_size == 20
sqlite.SqliteSource.wait = lambda *_: threading.Event().wait(60)
change(30)
end = time.monotonic() + 30
while get_config().page_size == 20 and time.monotonic() < end:
    request()
    time.sleep(0.02)  # requests without a pause would only take time from the other tests
print(get_config().page_size)
"""
    )
    assert said == "30"


def test_a_process_says_once_that_it_cannot_be_current(project: ForeignProject) -> None:
    done = project.run(
        WITHOUT_THREADS
        + """
from pathlib import Path
from django.conf import settings
from config_app.live import runtime
from config_app.propagation import watching
watching.LOOK_AGAIN = 0.02
runtime.READ_INTERVAL = 0.01
file = Path(settings.DATABASES["default"]["NAME"])
get_config()
file.rename("elsewhere.db")
for _ in range(100):
    assert get_config().page_size == 20
    time.sleep(0.005)
assert runtime.stale_since() is not None
Path("elsewhere.db").rename(file)
change(30)
print(becomes(30), runtime.stale_since())
"""
    )
    assert done.stdout == "True None\n", done.stderr
    assert done.stderr.count("the last good configuration is still used") == 1
    assert done.stderr.count("the database is available again") == 1


MASTER_OF_UWSGI = """
import threading, types
uwsgi = types.SimpleNamespace(has_threads=1, worker_id=lambda: 0, mule_id=lambda: 0)
sys.modules["uwsgi"] = uwsgi
"""


def test_no_thread_runs_in_the_master_of_uwsgi(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + MASTER_OF_UWSGI
        + """
from config_app.api import on_change
on_change("page_size")(lambda old, new: None)
assert get_config().page_size == 20
change(30)
print(becomes(30), threading.active_count())
"""
    )
    assert said == "True 1"


def test_if_the_master_of_uwsgi_starts_a_watcher_only_its_workers_run_it(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + MASTER_OF_UWSGI
        + """
import ctypes
from config_app.api import start_watching
get_config()
start_watching()
assert threading.active_count() == 1
pid = ctypes.PyDLL(None).fork()
if pid == 0:
    uwsgi.worker_id = lambda: 1
    end = time.monotonic() + 30
    while threading.active_count() == 1 and time.monotonic() < end:
        get_config()
    os._exit(threading.active_count())
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    )
    assert said == "2"


def test_a_worker_of_uwsgi_that_starts_a_watcher_runs_one(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + MASTER_OF_UWSGI
        + """
import ctypes
from config_app.api import start_watching
from config_app.propagation import watcher
may_begin = threading.Event()
open_source = watcher.open_source
watcher.open_source = lambda: may_begin.wait() and open_source()
get_config()
pid = ctypes.PyDLL(None).fork()
if pid == 0:
    uwsgi.worker_id = lambda: 1
    start_watching()
    get_config()
    os._exit(threading.active_count())
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    )
    assert said == "2"
