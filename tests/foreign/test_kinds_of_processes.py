"""In every kind of process, repeated reads return current values without an extra call (E3)."""

from __future__ import annotations

import pytest

from tests.support.foreign_project import ForeignProject


@pytest.fixture(autouse=True)
def starts_processes(request: pytest.FixtureRequest) -> None:
    """Start real processes instead of forks, because this is what the tests are about."""
    name = "any_project" if "any_project" in request.fixturenames else "project"
    request.getfixturevalue(name).is_forked = False


CHANGED_BY_ANOTHER = """
import os, subprocess, sys, time
from config_app.api import get_config

def change(value):
    subprocess.run([sys.executable, "-m", "django", "config", "set", "page_size", str(value)], check=True,
        capture_output=True)

def becomes(value, seconds=3.0):
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
    any_project.says(
        """
from config_app.api import get_config, start_watching
from config_app.models import Process
import time
get_config()
start_watching()
end = time.monotonic() + 5
while not Process.objects.exists() and time.monotonic() < end:
    time.sleep(0.02)
assert Process.objects.exists()
"""
    )
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
end = time.monotonic() + 5
while not Process.objects.exists() and time.monotonic() < end:
    time.sleep(0.02)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert project.says("from config_app.models import Process; print(Process.objects.count())") == "1"
    done = project.manage("config", "set", "page_size", "30", "--wait", "5")
    assert done.returncode == 0, done.stderr


def test_a_server_without_threads_looks_at_each_request(project: ForeignProject) -> None:
    said = project.says(
        CHANGED_BY_ANOTHER
        + """
import threading
from django.core.signals import request_started
from config_app.propagation import watcher, watching
watcher.Watcher.run = lambda thread: threading.Event().wait(60)  # as in uWSGI: the thread does nothing
watcher.NEVER_BEGUN = watching.NEVER_BEGUN = 0.2
request_started.send(sender=None)
assert get_config().page_size == 20
change(30)
time.sleep(0.5)
request_started.send(sender=None)
print(get_config().page_size)
"""
    )
    assert said == "30"
