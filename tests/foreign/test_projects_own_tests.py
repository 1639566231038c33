"""In the tests of a project, each test starts clean, runs no watcher and can override values (E4)."""

from __future__ import annotations

import pytest

from tests.support.foreign_project import ForeignProject

SUITE = """
import threading
import urllib.request
from io import StringIO

from django.core.management import call_command
from django.db import connection
from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase

from config_app.api import aget_config, get_config, on_change, override_config, plan, reload_config
from config_app.models import Process

heard = []


@on_change("page_size")
def hear(old, new):
    heard.append((old.page_size, new.page_size))


class Clean:
    def test_a_starts_clean(self):
        self.assertEqual(get_config().page_size, 20)

    def test_b_changes_something(self):
        plan({"page_size": 150}).apply()
        self.assertEqual(get_config().page_size, 150)

    def test_c_starts_clean_again(self):
        self.assertEqual(get_config().page_size, 20)

    def test_d_changes_by_command(self):
        call_command("config", "set", "page_size", "30", stdout=StringIO())
        self.assertEqual(get_config().page_size, 30)
        self.assertEqual(reload_config().page_size, 30)

    def test_e_starts_clean_again(self):
        self.assertEqual(get_config().page_size, 20)

    def test_f_requests_a_page(self):
        plan({"page_size": 77}).apply()
        self.assertContains(self.client.get("/"), "77 Welcome")
        self.assertEqual([t.name for t in threading.enumerate() if "config" in t.name], [])
        self.assertFalse(Process.objects.exists())

    def test_g_starts_clean_again(self):
        self.assertContains(self.client.get("/"), "20 Welcome")


class InTransaction(Clean, TestCase):
    @classmethod
    def setUpTestData(cls):
        plan({"greeting": "Welcome"}).apply()

    def test_h_callbacks_run_hooks_and_stay_in_the_test(self):
        heard.clear()
        with self.captureOnCommitCallbacks(execute=True):
            plan({"page_size": 40}).apply()
        self.assertEqual(get_config().page_size, 40)
        self.assertEqual(heard, [(20, 40)])

    def test_i_starts_clean_again(self):
        self.assertEqual(get_config().page_size, 20)

    async def test_j_async(self):
        self.assertEqual((await aget_config()).page_size, 20)


class Committed(Clean, TransactionTestCase):
    pass


@override_config(page_size=5)
class Overridden(TestCase):
    def test_the_values(self):
        self.assertEqual(get_config().page_size, 5)
        self.assertContains(self.client.get("/"), "5 Welcome")

    @override_config(page_size=6)
    def test_a_method_of_its_own(self):
        self.assertEqual(get_config().page_size, 6)

    def test_a_block(self):
        with override_config(page_size=7) as config:
            self.assertEqual((config.page_size, get_config().page_size), (7, 7))
        self.assertEqual(get_config().page_size, 5)


class WithoutDatabase(SimpleTestCase):
    @override_config(page_size=8)
    def test_the_values(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (8, "Welcome"))
        self.assertContains(self.client.get("/"), "8 Welcome")

    @override_config(page_size=9)
    async def test_async(self):
        self.assertEqual((await aget_config()).page_size, 9)


@override_config(page_size=11)
class Live(LiveServerTestCase):
    def test_the_server_sees_the_values(self):
        with urllib.request.urlopen(self.live_server_url) as answer:
            self.assertEqual(answer.read(), b"11 Welcome")


class Afterwards(TestCase):
    def test_nothing_is_left(self):
        self.assertEqual(get_config().page_size, 20)
"""
HOW_MANY = 7 * 2 + 3 + 3 + 2 + 1 + 1


@pytest.mark.parametrize("order", [(), ("--reverse",), ("--shuffle=7",)])
def test_a_suite_passes_in_any_order(any_project: ForeignProject, order: tuple[str, ...]) -> None:
    any_project.write("shop/tests.py", SUITE)
    done = any_project.test(*order)
    assert done.returncode == 0, done.stderr
    assert f"Ran {HOW_MANY} tests" in done.stderr
    assert "locked" not in done.stderr


def test_a_suite_passes_on_sqlite_in_memory(project: ForeignProject) -> None:
    project.write("shop/tests.py", SUITE)
    project.write(
        "memory_settings.py", "from shop_settings import *\nDATABASES['default']['TEST'] = {'NAME': None}"
    )
    done = project.test("--settings=memory_settings")
    assert done.returncode == 0, done.stderr
    assert f"Ran {HOW_MANY} tests" in done.stderr
