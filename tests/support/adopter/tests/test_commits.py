"""Tests that commit."""

from __future__ import annotations

import threading
from io import StringIO

from django.core.management import call_command
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase
from shop import bank

from config_app.api import aget_config, aplan, get_config, get_snapshot, plan, reload_config
from config_app.testing import override_config
from config_app.testing.unittest import ConfigTestMixin


def in_a_thread(function):
    found = []

    def run():
        try:
            found.append(function())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


class Commits(TransactionTestCase):
    def test_a_starts_with_the_defaults(self):
        self.assertEqual(get_config().page_size, 20)

    def test_b_changes(self):
        plan({"page_size": 150}).apply()
        self.assertEqual(get_config().page_size, 150)
        self.assertContains(self.client.get("/"), "150 Welcome")

    def test_c_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)
        self.assertEqual(plan({"page_size": 21}).apply().number, 1)

    def test_d_changes_with_the_command(self):
        call_command("config", "set", "page_size", "30", stdout=StringIO())
        self.assertEqual(get_config().page_size, 30)

    def test_e_starts_with_the_defaults_again(self):
        self.assertContains(self.client.get("/"), "20 Welcome")

    def test_f_runs_hooks(self):
        get_config()
        bank.heard.clear()
        with transaction.atomic():
            plan({"page_size": 40}).apply()
            self.assertEqual(bank.heard, [])
        self.assertEqual(bank.heard, [(20, 40)])

    def test_g_hooks_run_without_an_earlier_read(self):
        bank.heard.clear()
        plan({"page_size": 41}).apply()
        self.assertEqual(bank.heard, [(20, 41)])

    def test_h_a_secret(self):
        plan({"token": "first"}).apply()
        self.assertEqual(reload_config().token.reveal(), "first")

    def test_i_another_secret(self):
        self.assertIsNone(get_config().token)
        plan({"token": "second"}).apply()
        self.assertEqual(reload_config().token.reveal(), "second")
        self.assertEqual(get_snapshot().problems, ())

    def test_j_a_rollback(self):
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            plan({"page_size": 42}).apply()
            _ = 1 / 0
        self.assertEqual(get_config().page_size, 20)

    def test_k_raw_sql(self):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO system_config (config_key, config_value) VALUES ('page_size', '43')")
        self.assertEqual(reload_config().page_size, 43)

    @override_config(page_size=5)
    def test_l_an_override_and_a_change(self):
        plan({"greeting": "Hi"}).apply()
        self.assertContains(self.client.get("/"), "5 Hi")

    async def test_m_asynchronously(self):
        await (await aplan({"page_size": 44})).aapply()
        self.assertEqual((await aget_config()).page_size, 44)
        self.assertEqual(get_config().page_size, 44)
        self.assertEqual((await self.async_client.get("/async/")).content, b"44 Welcome")

    async def test_n_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)

    def test_o_nothing_watches(self):
        plan({"page_size": 45}).apply()
        self.client.get("/")
        self.assertEqual([t.name for t in threading.enumerate() if "config" in t.name], [])

    def test_p_a_thread_sees_the_change(self):
        plan({"page_size": 46}).apply()
        self.assertEqual(in_a_thread(lambda: get_config().page_size), 46)

    def test_q_a_change_in_a_thread(self):
        self.assertEqual(get_config().page_size, 20)
        if connection.vendor == "sqlite" and connection.is_in_memory_db():
            self.skipTest("threads do not share a database in memory")
        in_a_thread(lambda: plan({"page_size": 47}).apply())
        self.assertEqual(get_config().page_size, 47)


class OfFewApps(TransactionTestCase):
    available_apps = ["config_app", "shop", "django.contrib.auth", "django.contrib.contenttypes"]

    def test_a_changes(self):
        plan({"page_size": 52}).apply()
        self.assertEqual(get_config().page_size, 52)

    def test_b_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)


class WithFixtures(TransactionTestCase):
    reset_sequences = True

    def test_a_changes(self):
        plan({"page_size": 53}).apply()
        self.assertEqual(get_config().page_size, 53)

    def test_b_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)


class WithMixin(ConfigTestMixin, TransactionTestCase):
    def test_a_a_thread_commits(self):
        if connection.vendor == "sqlite" and connection.is_in_memory_db():
            self.skipTest("threads do not share a database in memory")
        in_a_thread(lambda: plan({"page_size": 54}).apply())
        self.assertEqual(get_config().page_size, 54)

    def test_b_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)


class InTransactionWithMixin(ConfigTestMixin, TestCase):
    @classmethod
    def setUpTestData(cls):
        plan({"page_size": 55}).apply()

    def test_a_changes(self):
        self.assertEqual(get_config().page_size, 55)
        plan({"page_size": 56}).apply()
        self.assertEqual(get_config().page_size, 56)

    async def test_b_starts_with_the_values_of_the_class(self):
        self.assertEqual(get_config().page_size, 55)
        self.assertEqual((await aget_config()).page_size, 55)
