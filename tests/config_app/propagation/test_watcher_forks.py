"""A child of a process with a watcher starts its own watcher, and a fork never blocks a watcher."""

from __future__ import annotations

import threading
from pathlib import Path

from config_app.api import get_config
from config_app.store.forking import no_fork
from setup_wizard.claiming.reopening import offer_a_token
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.simultaneous import script

FORK = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from config_app.propagation import watcher, watching
from config_app.api import get_config, plan
from django.db import connections
from tests.support.waiting import wait_for
watching.start()
get_config()
children = []
for number in range(4):
    connections.close_all()
    child = os.fork()
    if child == 0:
        assert watching.is_watching()
        wait_for(lambda: get_config().port == 9001, "the change")
        watching.stop()
        os._exit(0)
    children.append(child)
plan({{"port": 9001}}).apply()
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
watching.stop()
print(codes)
"""


def test_a_forked_child_of_a_watching_process_watches_for_itself(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    assert script(hub, FORK) == "[0, 0, 0, 0]"


FORK_WHILE_BUSY = f"""
import os, sys, threading
sys.path.insert(0, {str(ROOT)!r})
from config_app.live import hooks, runtime
from config_app.propagation import watcher, watching
from config_app.api import get_config, on_change, plan
from django.db import connections
from tests.support.waiting import wait_for

entered, leave = threading.Event(), threading.Event()
heard = []

@on_change("port")
def slow(old, new):
    heard.append(new.port)
    entered.set()
    leave.wait(10)

get_config()
changing = threading.Thread(target=lambda: (plan({{"port": 9001}}).apply(), connections.close_all()))
changing.start()
entered.wait(10)
connections.close_all()
child = os.fork()
if child == 0:
    leave = threading.Event()  # at the fork, the thread of the hook may have held the lock of the other one
    leave.set()
    hooks.run_due()
    plan({{"port": 9002}}).apply()
    assert heard == [9001, 9001, 9002], heard
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
leave.set()
changing.join()
print(code)
"""


def test_a_child_that_is_forked_while_a_hook_runs_is_not_stuck_and_runs_it_too(
    hub_process: HubProcess,
) -> None:
    hub_process.bring_up()
    assert script(hub_process, FORK_WHILE_BUSY) == "0"


FORK_DURING_REVERT = f"""
import os, sys, threading
sys.path.insert(0, {str(ROOT)!r})
from config_app.live import hooks
from config_app.propagation import watcher, watching
from config_app.api import get_config, on_change, plan
from tests.support.waiting import wait_for

hooks._hooks.clear()  # a hook of the hub would wait until the watcher is done
reverting, forks = threading.Event(), threading.Event()
revert_overdue = watcher.revert_overdue

def revert_once_a_hook_forks():
    reverting.set()
    forks.wait(10)
    return revert_overdue()

@on_change("port")
def fork(old, new):
    forks.set()
    child = os.fork()
    if child == 0:
        os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)

watcher.revert_overdue = revert_once_a_hook_forks
get_config()
plan({{"log_level": "debug"}}).apply(confirm_within=0.1)
watching.start()
reverting.wait(10)
plan({{"port": 9001}}).apply()
wait_for(lambda: get_config().log_level == "info", "the revert to be in force")
watching.stop()
"""


def test_a_hook_may_fork_while_the_watcher_reverts_what_was_not_confirmed(
    any_hub_process: HubProcess,
) -> None:
    any_hub_process.bring_up()
    assert script(any_hub_process, FORK_DURING_REVERT) == "0"


FORK_WHILE_CONNECTING = """
import os, socket, time
from config_app.propagation import postgresql, watcher, watching
from django.db import connection

postgresql.PATIENCE["connect_timeout"] = 100  # so that a fork that waits for the server takes far longer
listening = socket.create_server(("127.0.0.1", 0))
connection.settings_dict.update(HOST="127.0.0.1", PORT=listening.getsockname()[1])
watching.start()
accepted = listening.accept()
started = time.monotonic()
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print(time.monotonic() - started < 30)
"""


def test_a_server_that_does_not_answer_holds_up_no_fork(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub", database_url="postgres://hub@127.0.0.1:1/hub")
    assert script(hub, FORK_WHILE_CONNECTING) == "True"


def test_a_hook_of_ours_imports_only_while_nobody_forks(install: None) -> None:
    config = get_config()
    with no_fork:
        hook = threading.Thread(target=offer_a_token, args=(config, config))
        hook.start()
        hook.join(0.2)
        assert hook.is_alive()
    hook.join(10)
    assert not hook.is_alive()
