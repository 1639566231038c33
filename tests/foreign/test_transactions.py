"""Other processes see only committed changes, and a rolled-back change leaves no trace (E1, E2)."""

from __future__ import annotations

from tests.support.foreign_project import ForeignProject

SETUP = """
from django.db import transaction
from config_app.api import get_config, on_change, plan, reload_config
from config_app.live import runtime

class Rollback(Exception):
    pass

heard = []
on_change("page_size")(lambda old, new: heard.append((old.page_size, new.page_size)))
"""


def test_a_secret_survives_a_rollback_of_the_change_that_made_the_key(
    any_project: ForeignProject,
) -> None:
    said = any_project.says(
        SETUP
        + """
try:
    with transaction.atomic():
        plan({"token": "a"}).apply()
        assert get_config().token.reveal() == "a"
        raise Rollback
except Rollback:
    pass
assert get_config().token is None
plan({"token": "b"}).apply()
print(get_config().token.reveal())
"""
    )
    assert said == "b"
    assert any_project.says(SETUP + "print(get_config().token.reveal())") == "b"


def test_a_change_that_was_rolled_back_is_not_used_and_calls_no_hook(any_project: ForeignProject) -> None:
    said = any_project.says(
        SETUP
        + """
assert get_config().page_size == 20
try:
    with transaction.atomic():
        plan({"page_size": 150}).apply()
        assert reload_config().page_size == 150
        raise Rollback
except Rollback:
    pass
print(get_config().page_size, heard)
"""
    )
    assert said == "20 []"


def test_a_rolled_back_savepoint_is_forgotten_and_the_outer_change_stays(any_project: ForeignProject) -> None:
    said = any_project.says(
        SETUP
        + """
with transaction.atomic():
    plan({"page_size": 30}).apply()
    try:
        with transaction.atomic():
            plan({"page_size": 40}).apply()
            assert get_config().page_size == 40
            raise Rollback
    except Rollback:
        pass
    assert get_config().page_size == 30, get_config().page_size
    with transaction.atomic():
        plan({"greeting": "Hello"}).apply()
    assert (get_config().page_size, get_config().greeting) == (30, "Hello")
print(get_config().page_size, get_config().greeting)
"""
    )
    assert said == "30 Hello"


def test_another_thread_sees_only_what_is_committed(any_project: ForeignProject) -> None:
    said = any_project.says(
        SETUP
        + """
import threading
seen = []
assert get_config().page_size == 20
with transaction.atomic():
    plan({"page_size": 30}).apply()
    thread = threading.Thread(target=lambda: seen.append(get_config().page_size))
    thread.start(); thread.join()
print(seen, get_config().page_size, heard)
"""
    )
    assert said == "[20] 30 [(20, 30)]"


def test_an_old_read_view_never_replaces_a_newer_configuration(postgresql_project: ForeignProject) -> None:
    said = postgresql_project.says(
        SETUP
        + """
import threading
from django.db import connection, connections
def change():
    plan({"page_size": 30}).apply()
    connections.close_all()
assert get_config().page_size == 20
with transaction.atomic():
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    runtime.store.version()
    thread = threading.Thread(target=change); thread.start(); thread.join()
    assert get_config().page_size == 30
    assert runtime.current().page_size == 30
print(get_config().page_size)
"""
    )
    assert said == "30"


def test_a_transaction_says_that_it_cannot_read_what_it_wrote(project: ForeignProject) -> None:
    done = project.run(
        SETUP
        + """
from config_app.errors import DatabaseUnavailable
from config_app.live import context

def fail():
    raise DatabaseUnavailable("of this test")

get_config()
with transaction.atomic():
    plan({"page_size": 150}).apply()
    context.read_snapshot = fail
    print(get_config().page_size, get_config().page_size, runtime.stale_since() is not None)
"""
    )
    assert done.stdout == "20 20 True\n", done.stderr
    assert done.stderr.count("of this test") == 1


def test_a_broken_transaction_sees_what_is_committed_and_nothing_is_unavailable(
    postgresql_project: ForeignProject,
) -> None:
    done = postgresql_project.run(
        SETUP
        + """
from django.db import DatabaseError, connection
get_config()
try:
    with transaction.atomic():
        plan({"page_size": 150}).apply()
        try:
            connection.cursor().execute("SELECT nothing")
        except DatabaseError:
            print(get_config().page_size, runtime.stale_since())
        raise Rollback
except Rollback:
    pass
"""
    )
    assert done.stdout == "20 None\n", done.stderr
    assert "unavailable" not in done.stderr


def test_async_code_reads_first_writes_and_forces_a_reload(any_project: ForeignProject) -> None:
    said = any_project.says(
        SETUP
        + """
import asyncio
from config_app.api import aget_config, aplan
print((asyncio.run(aget_config())).page_size)
async def change():
    changes = await aplan({"page_size": "30"})
    await changes.aapply(reason="async")
    return (await aget_config(force_reload=True)).page_size, get_config().page_size
print(asyncio.run(change()))
"""
    )
    assert said.splitlines() == ["20", "(30, 30)"]


def test_async_code_can_use_all_of_the_revision_that_it_made(any_project: ForeignProject) -> None:
    said = any_project.says(
        SETUP
        + """
import asyncio
from config_app.api import aplan
from config_app.models import Revision
async def change():
    revision = await (await aplan({"page_size": "30"})).aapply(reason="async")
    return revision.number, revision.reason, revision.version, revision.created_at
made = asyncio.run(change())
print(made[1], made == Revision.objects.values_list("number", "reason", "version", "created_at").get())
"""
    )
    assert said == "async True"


def test_a_first_read_in_an_event_loop_needs_no_await(any_project: ForeignProject) -> None:
    said = any_project.says(
        """
import asyncio
from config_app.api import get_config
async def read():
    return get_config().page_size
print(asyncio.run(read()))
"""
    )
    assert said == "20"


def test_reads_do_not_look_at_transactions_that_have_ended(any_project: ForeignProject) -> None:
    """Reads take forty times as long while what an open transaction sees is kept."""
    said = any_project.says(
        SETUP
        + """
from config_app.live import context
assert get_config().page_size == 20
plan({"page_size": 30}).apply()
print(len(context.views))
with transaction.atomic():
    plan({"page_size": 40}).apply()
    print(len(context.views) > 0, get_config().page_size)
print(len(context.views))
try:
    with transaction.atomic():
        plan({"page_size": 50}).apply()
        raise Rollback
except Rollback:
    pass
print(get_config().page_size, len(context.views))
"""
    )
    assert said.splitlines() == ["0", "True 40", "0", "40 0"]


def test_a_rolled_back_write_is_forgotten_if_an_earlier_reload_was_kept(any_project: ForeignProject) -> None:
    said = any_project.says(
        SETUP
        + """
from config_app.models import SystemConfig
def inside():
    with transaction.atomic():
        SystemConfig.objects.create(config_key="page_size", config_value="98")
        with transaction.atomic():
            reload_config()
            transaction.set_rollback(True)
        assert get_config().page_size == 98
        raise Rollback
assert get_config().page_size == 20
with transaction.atomic():
    reload_config()
    try:
        inside()
    except Rollback:
        pass
    print(get_config().page_size)
"""
    )
    assert said == "20"
