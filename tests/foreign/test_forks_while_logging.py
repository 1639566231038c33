"""A child that is forked while another thread writes to the log can write to the log too."""

from __future__ import annotations

import pytest

from tests.support.foreign_project import ForeignProject


@pytest.fixture(autouse=True)
def starts_processes(project: ForeignProject) -> None:
    """Start real processes instead of forks, because this is what the test is about."""
    project.is_forked = False


FORKS_WHILE_A_THREAD_LOGS = """
import logging, os, threading, time

logger, stopping = logging.getLogger("config_app"), threading.Event()

def chatter():
    while not stopping.is_set():
        logger.warning("said by a thread" * 20)

thread = threading.Thread(target=chatter)
thread.start()
hung = 0
for _ in range(100):
    pid = os.fork()
    if pid == 0:
        logger.warning("said by a child")
        os._exit(0)
    end = time.monotonic() + 30
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            hung += 1
            break
        time.sleep(0.001)
    if hung:
        break
stopping.set()
thread.join()
print("children that hung:", hung)
"""
LOGS_TO_THE_ROOT = """
LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"]},
}
"""


@pytest.mark.parametrize("settings", ["", LOGS_TO_THE_ROOT], ids=["without handlers", "with a handler"])
def test_a_child_that_is_forked_while_the_watcher_logs_can_log_too(
    project: ForeignProject, settings: str
) -> None:
    project.add_settings(settings)
    assert project.says(FORKS_WHILE_A_THREAD_LOGS) == "children that hung: 0"
