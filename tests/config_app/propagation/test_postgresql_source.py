"""No notification of PostgreSQL is lost, and a missing notification delays a change only briefly."""

from __future__ import annotations

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.simultaneous import script

PREPARE = f"""
import os, sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
import psycopg
from django.db import connection, connections
from config_app.propagation import postgresql
from config_app.errors import DatabaseUnavailable
from tests.support.waiting import wait_for

never = threading.Event()
client = psycopg.connect(os.environ["HUB_DATABASE_URL"], autocommit=True)

def listeners():
    names = client.execute("TABLE pg_stat_activity").fetchall()
    return sum("config_app watcher" in row and client.info.dbname in row for row in names)

CHANGE = "UPDATE system_config SET updated_at = now() WHERE config_key = 'database_path'"

def change():
    client.execute(CHANGE)
"""  # noqa: S608 - nothing in it is from outside


@pytest.fixture(scope="module")
def hub(postgresql_server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """Give a hub on PostgreSQL after its first start."""
    started = HubProcess(
        tmp_path_factory.mktemp("hub") / "hub", database_url=postgresql_server.new_database()
    )
    started.bring_up()
    return started


# The statement reads the version, and then waits for a lock until another connection has changed it.
LOST_WAKE_UP = """
source = postgresql.PostgresSource()
client.execute("SELECT pg_advisory_lock(7)")
postgresql.VERSION = "SELECT version, pg_advisory_xact_lock_shared(7) FROM config_state"

def change_meanwhile():
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    wait_for(lambda: client.execute(query).fetchone()[0], "the version to be read")
    change()
    client.execute("SELECT pg_advisory_unlock(7)")

source._checked_at = 0
changing = threading.Thread(target=change_meanwhile)
changing.start()
print(source.look(), source.look())
changing.join()
"""


def test_a_notification_that_comes_while_the_version_is_read_is_not_lost(hub: HubProcess) -> None:
    assert script(hub, PREPARE + LOST_WAKE_UP) == "True False"


FAILING = """
postgresql.VERSION = "SELECT nonsense"
try:
    postgresql.PostgresSource()
except DatabaseUnavailable:
    wait_for(lambda: listeners() == 0, "the connection to be closed")
    print(connections["default"].connection)
"""


def test_a_source_that_cannot_be_opened_leaves_no_connection_behind(hub: HubProcess) -> None:
    assert script(hub, PREPARE + FAILING) == "None"


WAITING = """
postgresql.BACKSTOP = 60.0
source = postgresql.PostgresSource()
started = time.monotonic()
source.wait(never, 0.05)
print(time.monotonic() - started < 20)
change()
source.wait(never)
print(source.look(), time.monotonic() - started < 20)
connection.close()  # as a hook may
change()
source.wait(never)
print(source.look())
wait_for(lambda: listeners() == 1, "the server to end the closed connection")
change()
source.wait(never)
print(source.look(), source.look())
"""


def test_waiting_ends_in_time_with_a_change_and_where_somebody_closed_the_connection(hub: HubProcess) -> None:
    assert script(hub, PREPARE + WAITING).split() == ["True"] * 5 + ["False"]


LIMITS = """
connection.ensure_connection()
for prepare in (lambda: None, postgresql.own_connection):
    prepare()
    connection.ensure_connection()
    used = connection.connection.info.get_parameters()
    print(used["connect_timeout"], used["tcp_user_timeout"], used["keepalives_idle"])
"""


def test_a_server_that_is_silent_is_given_up_soon(hub: HubProcess) -> None:
    assert script(hub, PREPARE + LIMITS).split() == ["5", "10000", "10"] * 2
    url = f"{hub.database_url}?connect_timeout=3&tcp_user_timeout=4000"
    found = script(hub, PREPARE + LIMITS, HUB_DATABASE_URL=url)
    assert found.split() == ["3", "4000", "10"] * 2


# A change is committed while the watcher writes its receipt; its notification comes with the response.
CHANGE_DURING_RECEIPT = """
from config_app.propagation import receipts, watcher, watching
from config_app.live import runtime

watcher.SIGN_AGAIN = postgresql.BACKSTOP = 60.0
sign = receipts.sign

def sign_while_somebody_changes():
    receipts.sign = sign
    change()
    sign()

before = runtime.get_snapshot().version
receipts.sign = sign_while_somebody_changes
watching.start()
wait_for(lambda: runtime.get_snapshot().version > before, "the change to be noticed")
watching.stop()
print("noticed")
"""


def test_a_notification_that_comes_while_the_watcher_writes_is_heard_at_once(hub: HubProcess) -> None:
    assert script(hub, PREPARE + CHANGE_DURING_RECEIPT) == "noticed"


LOCKED = """
from config_app.database import limited_queries
from config_app.models import ConfigState

postgresql.QUERY_TIMEOUT = 0.5
limited_queries.CANCEL_WITHIN = 60.0  # a slow server still cancels the query, so the connection stays open
source = postgresql.PostgresSource()
client.execute("BEGIN; LOCK TABLE config_state IN ACCESS EXCLUSIVE MODE")
source._checked_at = 0
for query in (source.look, ConfigState.objects.first):
    began = time.monotonic()
    try:
        query()
    except (DatabaseUnavailable, OperationalError) as error:
        print("has not answered" in str(error), time.monotonic() - began < 20)
waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
wait_for(lambda: client.execute(waiting).fetchone() == (0,), "the queries to end")
client.execute("ROLLBACK")
source._checked_at = 0
print(source.look())
"""


def test_every_query_of_a_watcher_has_a_deadline(hub: HubProcess) -> None:
    prepare = PREPARE.replace("import psycopg\n", "import psycopg\nfrom django.db import OperationalError\n")
    assert script(hub, prepare + LOCKED).split() == ["True"] * 4 + ["False"]
