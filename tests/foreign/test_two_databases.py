"""The configuration can be in another database than the project's other tables (E13)."""

from __future__ import annotations

import pytest

from tests.support.foreign_project import ForeignProject
from tests.support.soak import one_of

TRANSACTIONS = """
import threading
from django.contrib.auth.models import User
from django.db import connections, transaction
from config_app.api import get_config, on_change, plan

heard = []
on_change("page_size")(lambda old, new: heard.append((old.page_size, new.page_size)))


class Rollback(Exception):
    pass


def elsewhere():
    found = []
    def read():
        found.append(get_config().page_size)
        connections.close_all()
    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return found[0]


assert get_config().page_size == 20
try:
    with transaction.atomic(using="config"):
        plan({"page_size": 30, "token": "a"}).apply()
        assert (get_config().page_size, elsewhere()) == (30, 20)
        raise Rollback
except Rollback:
    pass
assert (get_config().page_size, heard) == (20, [])

with transaction.atomic(using="config"):
    plan({"page_size": 40}).apply()
    assert (elsewhere(), heard) == (20, [])
assert (elsewhere(), heard) == (40, [(20, 40)])

try:
    with transaction.atomic():  # on the default database, so the configuration does not take part in it
        User.objects.create_user("olive")
        plan({"page_size": 50, "token": "b"}).apply()
        assert (get_config().page_size, elsewhere(), heard[-1]) == (50, 50, (40, 50))
        raise Rollback
except Rollback:
    pass
assert not User.objects.exists()
assert (get_config().page_size, get_config().token.reveal()) == (50, "b")
"""
REQUESTS = """
from django.http import HttpResponse
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import path

from config_app.api import get_config, plan
from shop import urls

setup_test_environment()  # so that no watcher writes its receipt during a transaction on SQLite

class Refused(Exception):
    pass


def change(request):
    plan({"page_size": 50}).apply()
    if "fail" in request.GET:
        raise Refused
    return HttpResponse("changed")


urls.urlpatterns.append(path("change", change))
client = Client(raise_request_exception=False)
print(client.get("/change?fail=1").status_code, get_config().page_size)
print(client.get("/change").status_code, get_config().page_size)
"""
OPENED_BY_A_HOOK = """
import time
from django.contrib.auth.models import User
from django.db import connections
from config_app.api import get_config, on_change, plan, start_watching, using_database

opened = []


@on_change("page_size")
def use_another_database(old, new):
    with using_database("default"):
        User.objects.count()
    opened.append(connections["default"])


def until(condition):
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


get_config()
start_watching()
time.sleep(0.5)
with connections["config"].cursor() as cursor:
    cursor.execute("INSERT INTO system_config (config_key, config_value) VALUES ('page_size', '30')")
assert until(lambda: opened)
print(until(lambda: opened[0].connection is None))
"""
SUITE = """
from django.contrib.auth.models import User
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from config_app.api import get_config, on_change, override_config, plan
from config_app.testing.unittest import ConfigTestMixin

heard = []
on_change("page_size")(lambda old, new: heard.append((old.page_size, new.page_size)))


class Both:
    databases = {"default", "config"}

    def test_a_starts_clean(self):
        self.assertEqual(get_config().page_size, 20)

    def test_b_changes_something(self):
        User.objects.create_user("olive")
        plan({"page_size": 150, "token": "a"}).apply()
        self.assertContains(self.client.get("/"), "150 Welcome")

    def test_c_starts_clean_again(self):
        self.assertEqual(get_config().page_size, 20)


class InTransactions(Both, TestCase):
    def test_callbacks_run_hooks(self):
        heard.clear()
        with self.captureOnCommitCallbacks(using="config", execute=True):
            plan({"page_size": 40}).apply()
        self.assertEqual(heard, [(20, 40)])


class Committed(Both, TransactionTestCase):
    pass


class WithMixin(ConfigTestMixin, TestCase):
    def test_the_database_is_allowed(self):
        self.assertEqual(get_config().page_size, 20)


class WithMixinAndNoDatabase(ConfigTestMixin, SimpleTestCase):
    @override_config(page_size=8)
    def test_overridden(self):
        self.assertEqual(self.databases, set())
        self.assertEqual(get_config().page_size, 8)


class DefaultOnly(TestCase):
    def test_django_says_what_to_add(self):
        with self.assertRaisesMessage(AssertionError, "Add 'config' to shop.tests.DefaultOnly.databases"):
            get_config()
"""
SERIALIZED = """
from django.test import TransactionTestCase


class WithSerializedRollback(TransactionTestCase):
    serialized_rollback = True

    def test_the_default_database_was_serialized(self):
        pass
"""
HOW_MANY = 2 * 3 + 1 + 1 + 1 + 1


def test_a_transaction_of_the_configuration_is_one_on_its_database(
    project_on_another_alias: ForeignProject,
) -> None:
    assert project_on_another_alias.says(TRANSACTIONS) == ""


@pytest.mark.parametrize(("alias", "after"), [("config", 20), ("default", 50)])
def test_a_request_can_be_a_transaction_on_either_database(
    project_on_another_alias: ForeignProject, alias: str, after: int
) -> None:
    project_on_another_alias.add_settings(f"DATABASES[{alias!r}]['ATOMIC_REQUESTS'] = True")
    assert project_on_another_alias.says(REQUESTS) == f"500 {after}\n200 50"


def test_what_a_hook_opens_is_closed_after_it(project_on_another_alias: ForeignProject) -> None:
    assert project_on_another_alias.says(OPENED_BY_A_HOOK) == "True"


@one_of("project_on_another_alias", "postgresql", "sqlite")
def test_a_suite_that_allows_both_databases_passes(project_on_another_alias: ForeignProject) -> None:
    project_on_another_alias.write("shop/tests.py", SUITE)
    done = project_on_another_alias.test("--shuffle=7")
    assert done.returncode == 0, done.stderr
    assert f"Ran {HOW_MANY} tests" in done.stderr


@one_of("project_on_another_alias", "sqlite", "postgresql")
def test_the_default_database_can_be_serialized(project_on_another_alias: ForeignProject) -> None:
    project_on_another_alias.write("shop/tests.py", SERIALIZED)
    done = project_on_another_alias.test()
    assert done.returncode == 0, done.stderr
