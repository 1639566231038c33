"""In every kind of process, repeated reads return current values without an extra call (E3).

``make soak`` runs the programs in new interpreters, and not in forks that have imported Django already. It
runs each on both databases; otherwise, those that wait for a second run on one.
"""

from __future__ import annotations

import itertools
import time

import pytest

from tests.support.another_process import MANAGE
from tests.support.foreign_project import ForeignProject
from tests.support.soak import IS_SOAK, one_of

pytestmark = [pytest.mark.repeats, pytest.mark.usefixtures("interpreters_in_soak")]


CHANGED_BY_ANOTHER = f"""{MANAGE}
import time
from django.test import Client
from config_app.api import get_config

def request():
    assert Client().get("/").status_code == 200

def change(value):
    manage("config", "set", "page_size", str(value))

def becomes(value, seconds=15.0):
    end = time.monotonic() + seconds
    while get_config().page_size != value and time.monotonic() < end:
        time.sleep(0.01)
    return get_config().page_size == value
"""


def test_a_long_running_process_notices_a_change_by_itself(any_project: ForeignProject) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + """
assert get_config().page_size == 20
change(30)
print(becomes(30))
"""
    )
    assert said == "True"


CHANGES_WHEN_TOLD = """
import os, time
from config_app.api import get_config, plan
from config_app.propagation import watching

(told, tell), (answered, answer) = os.pipe(), os.pipe()
if os.fork() == 0:
    os.read(told, 1)
    plan({"page_size": 30}).apply()
    os.write(answer, b".")
    os._exit(0)
assert get_config().page_size == 20
print("watches:", watching.is_watching())
os.write(tell, b".")
os.read(answered, 1)
end = time.monotonic() + 0.6
while get_config().page_size == 20 and time.monotonic() < end:
    time.sleep(0.01)
print(get_config().page_size)
"""


def test_a_process_is_current_before_its_watcher_begins(any_project: ForeignProject) -> None:
    assert any_project.says(CHANGES_WHEN_TOLD) == "watches: False\n30"


def test_a_fork_of_a_process_that_has_read_notices_a_change(any_project: ForeignProject) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + """
from django.db import connections
assert get_config().page_size == 20
connections.close_all()
pid = os.fork()
if pid == 0:
    change(30)
    os._exit(0 if becomes(30) else 1)
print(os.waitpid(pid, 0)[1])
"""
    )
    assert said == "0"


def test_a_process_that_ended_is_no_longer_waited_for(any_project: ForeignProject) -> None:
    any_project.is_forked = False  # a fork would end in another way
    any_project.says(
        """
from config_app.api import get_config, start_watching
from config_app.models import Process
from config_app.propagation import watcher
import time
watcher.LEAVE_WITHIN = 30  # a busy machine may need longer than usual to delete the receipt
get_config()
start_watching()
end = time.monotonic() + 30
while not Process.objects.exists() and time.monotonic() < end:
    time.sleep(0.02)
assert Process.objects.exists()
"""
    )
    any_project.is_forked = True
    assert any_project.says("from config_app.models import Process; print(Process.objects.count())") == "0"
    done = any_project.manage("config", "set", "page_size", "30", "--wait", "5")
    assert done.returncode == 0, done.stderr


def test_a_killed_process_is_no_longer_waited_for(project: ForeignProject) -> None:
    project.run(
        """
import os, signal, time
from config_app.api import get_config, start_watching
from config_app.models import Process
get_config()
start_watching()
end = time.monotonic() + 30
while not Process.objects.exists() and time.monotonic() < end:
    time.sleep(0.02)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert project.says("from config_app.models import Process; print(Process.objects.count())") == "1"
    done = project.manage("config", "set", "page_size", "30", "--wait", "5")
    assert done.returncode == 0, done.stderr


CONFIRMED_A_WHILE_AGO = """
from config_app.live import freshness, runtime
from config_app.propagation import watching

def let_time_pass():
    while freshness.config_age() < watching.LOOK_AGAIN:
        time.sleep(0.01)
"""


@one_of("any_project", "postgresql", "sqlite")
def test_the_first_read_after_a_while_is_current(any_project: ForeignProject) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + CONFIRMED_A_WHILE_AGO
        + """
assert get_config().page_size == 20
change(30)
let_time_pass()
print(get_config().page_size)
"""
    )
    assert said == "30"


@one_of("any_project", "postgresql", "sqlite")
def test_a_process_that_has_read_once_may_fork(any_project: ForeignProject) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + CONFIRMED_A_WHILE_AGO
        + """
import threading
from django.db import connection
get_config()
let_time_pass()
print(threading.active_count(), connection.connection)
"""
    )
    assert said == "1 None"


FORKS = {
    "with Python's knowledge": "os.fork()",
    "in C, as uWSGI does": "ctypes.PyDLL(None).fork()",
}
EACH = list(itertools.product(["sqlite", "postgresql"], FORKS))
SOME = list(zip(["sqlite", "postgresql"], FORKS, strict=True))


@pytest.mark.parametrize(("any_project", "fork"), EACH if IS_SOAK else SOME, indirect=["any_project"])
def test_the_first_read_of_a_fork_is_current_and_spares_its_parents_connection(
    any_project: ForeignProject, fork: str
) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + CONFIRMED_A_WHILE_AGO
        + f"""
import ctypes
from config_app.models import Process
assert get_config().page_size == 20
assert not Process.objects.exists()
change(30)
let_time_pass()
pid = {FORKS[fork]}
if pid == 0:
    os._exit(0 if get_config().page_size == 30 else 1)
print(os.waitpid(pid, 0)[1], Process.objects.exists())
"""
    )
    assert said == "0 False"


def test_a_log_handler_may_read_the_configuration_while_it_is_loaded(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + CONFIRMED_A_WHILE_AGO
        + """
import faulthandler, logging
from config_app.api import reload_config
from config_app.models import SystemConfig

class Handler(logging.Handler):
    def emit(self, record):
        print(get_config().page_size)

faulthandler.dump_traceback_later(60, exit=True)
logging.getLogger("config_app").addHandler(Handler())
get_config()
let_time_pass()
SystemConfig.objects.create(config_key="page_size", config_value="none")
reload_config()
"""
    )
    assert said == "20"


@one_of("any_project", "postgresql", "sqlite")
def test_hooks_run_in_a_process_that_reads_no_more(any_project: ForeignProject) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + """
import threading
from config_app.api import on_change
called = threading.Event()
on_change("page_size")(lambda old, new: called.set())
get_config()
change(30)
print(called.wait(30))
"""
    )
    assert said == "True"


@one_of("any_project", "sqlite", "postgresql")
def test_hooks_run_even_if_they_are_registered_after_the_only_read(any_project: ForeignProject) -> None:
    said = any_project.says(
        CHANGED_BY_ANOTHER
        + """
import threading
from config_app.api import on_change
called = threading.Event()
get_config()
on_change("page_size")(lambda old, new: called.set())
change(30)
print(called.wait(30))
"""
    )
    assert said == "True"


def test_a_locked_database_does_not_delay_the_end_of_a_process(project: ForeignProject) -> None:
    project.is_forked = False  # a fork would end in another way
    said = project.says(
        """
import sqlite3, time
from django.conf import settings
from config_app.api import start_watching
from config_app.models import Process
settings.DATABASES["default"]["OPTIONS"] = {"timeout": 60}
start_watching()
while not Process.objects.exists():
    time.sleep(0.01)
other = sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
print(time.time())
"""
    )
    assert time.time() - float(said) < 30  # a process that waits for the lock waits for a minute
