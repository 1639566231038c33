"""Changes, transactions, rollbacks, raw SQL and reloads may come in any order: only commits count.

Hypothesis drives two processes of a project. After each step, the test compares what the processes use with
a model of what is committed (E1, E2).
"""

from __future__ import annotations

import pytest

from tests.support.foreign_project import ForeignProject
from tests.support.soak import times

OTHER = """
import sys
import django
django.setup()
from config_app.api import get_config, plan, reload_config
for line in sys.stdin:
    verb, _, value = line.strip().partition(" ")
    if verb == "apply":
        plan({"page_size": value}).apply()
    config = reload_config()
    print(config.page_size, config.token.reveal() if config.token else "-", flush=True)
"""
IMMEDIATE = """
# Otherwise SQLite refuses a write after a read if the watcher has written in between.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
"""
MACHINE = """
import logging, subprocess, sys, threading
from django.db import connection, transaction
from hypothesis import settings, strategies as st
from hypothesis import stateful
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from config_app.api import get_config, get_snapshot, plan, reload_config

logging.disable(logging.CRITICAL)
sizes = st.integers(1, 200)
tokens = st.text("abc", min_size=1, max_size=5)
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
other = subprocess.Popen([sys.executable, "other.py"], **pipes)
last_revision = 0
UPSERT = (
    "INSERT INTO system_config (config_key, config_value) VALUES ('page_size', %s)"
    " ON CONFLICT (config_key) DO UPDATE SET config_value = excluded.config_value"
)

def values_of(config):
    return {"page_size": config.page_size, "token": config.token.reveal() if config.token else None}

def ask_other(line):
    other.stdin.write(line + "\\n")
    other.stdin.flush()
    return other.stdout.readline().split()

def seen_by_another_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(get_snapshot()))
    thread.start()
    thread.join()
    return found[0]

class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.committed = values_of(reload_config())
        self.history = [dict(self.committed)]
        self.views, self.blocks = [], []

    @property
    def now(self):
        return self.views[-1] if self.views else self.committed

    def note_commit(self):
        self.history.append(dict(self.committed))

    def change(self, **values):
        self.now.update(values)
        if not self.views:
            self.note_commit()

    @rule(size=sizes)
    def apply(self, size):
        plan({"page_size": size}).apply()
        self.change(page_size=size)

    @rule(token=tokens)
    def apply_secret(self, token):
        plan({"token": token}).apply()
        self.change(token=token)

    @rule(size=sizes)
    def write_sql(self, size):
        with connection.cursor() as cursor:
            cursor.execute(UPSERT, [str(size)])
        self.change(page_size=size)
        reload_config()

    @rule()
    def reload(self):
        reload_config()

    @precondition(lambda self: len(self.blocks) < 3)
    @rule()
    def begin(self):
        block = transaction.atomic()
        block.__enter__()
        self.views.append(dict(self.now))
        self.blocks.append(block)

    @precondition(lambda self: self.blocks)
    @rule(commits=st.booleans())
    def end(self, commits):
        view = self.views.pop()
        if not commits:
            transaction.set_rollback(True)
        self.blocks.pop().__exit__(None, None, None)
        if commits:
            self.change(**view)

    @precondition(lambda self: not self.blocks)
    @rule(size=sizes)
    def the_other_process_changes(self, size):
        assert ask_other(f"apply {size}")[0] == str(size)
        self.change(page_size=size)
        reload_config()

    @precondition(lambda self: not self.blocks)
    @rule()
    def the_other_process_reads(self):
        assert ask_other("read") == [str(self.committed["page_size"]), self.committed["token"] or "-"]

    @invariant()
    def the_caller_sees_its_own_transaction(self):
        found = values_of(get_config())
        assert found == self.now, (found, self.now)

    @invariant()
    def others_see_a_committed_configuration_that_never_goes_back(self):
        global last_revision
        snapshot = seen_by_another_thread()
        found = values_of(snapshot.config)
        assert found in self.history, (found, self.history)
        assert snapshot.revision >= last_revision
        last_revision = snapshot.revision

    def teardown(self):
        while self.blocks:
            transaction.set_rollback(True)
            self.blocks.pop().__exit__(None, None, None)

stateful.run_state_machine_as_test(
    Machine,
    settings=settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None, database=None),
)
print("held")
"""


@pytest.mark.repeats
def test_only_committed_configurations_count(any_project: ForeignProject) -> None:
    any_project.write("other.py", OTHER)
    any_project.add_settings(IMMEDIATE)
    done = any_project.run(MACHINE.replace("EXAMPLES", str(times(15, 300))))
    assert done.stdout == "held\n", done.stderr
