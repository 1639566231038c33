"""Tests that change the configuration in a transaction, which is rolled back at their end."""

from __future__ import annotations

import asyncio
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import TestCase, override_settings
from shop import bank
from shop.models import Good

from config_app.api import (
    UNSET,
    aget_config,
    aplan,
    get_config,
    get_snapshot,
    plan,
    plan_rollback,
    reload_config,
)
from config_app.testing import override_config, reset_process


class Changes(TestCase):
    def test_a_starts_with_the_defaults(self):
        self.assertEqual(get_config().page_size, 20)

    def test_b_changes(self):
        revision = plan({"page_size": 150}).apply(reason="a test")
        self.assertEqual((revision.number, revision.reason), (1, "a test"))
        self.assertEqual(get_config().page_size, 150)

    def test_c_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)

    def test_d_changes_with_the_command(self):
        call_command("config", "set", "page_size", "30", stdout=StringIO())
        self.assertEqual(get_config().page_size, 30)
        self.assertEqual(reload_config().page_size, 30)
        said = StringIO()
        call_command("config", "get", "page_size", stdout=said)
        self.assertEqual(said.getvalue().strip(), "30")

    def test_e_starts_with_the_defaults_again(self):
        self.assertEqual(reload_config().page_size, 20)

    def test_f_a_refused_change(self):
        with self.assertRaisesMessage(Exception, "page_size: expected"):
            plan({"page_size": 999})
        with self.assertRaisesMessage(CommandError, "page_size: expected"):
            call_command("config", "set", "page_size", "999", stdout=StringIO(), stderr=StringIO())
        self.assertEqual(get_config().page_size, 20)

    def test_g_shows_the_change_on_a_page(self):
        self.assertContains(self.client.get("/"), "20 Welcome")
        plan({"page_size": 77}).apply()
        self.assertContains(self.client.get("/"), "77 Welcome")

    def test_h_starts_with_the_defaults_again(self):
        self.assertContains(self.client.get("/"), "20 Welcome")

    def test_i_changes_on_a_page(self):
        self.assertEqual(self.client.post("/resize/", {"size": "33"}).content, b"done")
        self.assertEqual(get_config().page_size, 33)

    def test_j_a_secret(self):
        plan({"token": "first"}).apply()
        self.assertEqual(get_config().token.reveal(), "first")
        plan({"token": "second"}).apply()
        self.assertEqual(reload_config().token.reveal(), "second")

    def test_k_another_secret(self):
        self.assertIsNone(get_config().token)
        with self.captureOnCommitCallbacks(execute=True):
            plan({"token": "third"}).apply()
        self.assertEqual(get_config().token.reveal(), "third")
        self.assertEqual(bank.client(), "Bearer third")
        bank.client.cache_clear()

    def test_l_yet_another_secret(self):
        self.assertIsNone(get_config().token)
        self.assertEqual(get_snapshot().problems, ())
        plan({"token": "fourth"}).apply()
        self.assertEqual(get_config().token.reveal(), "fourth")
        self.assertEqual(get_snapshot().problems, ())

    def test_m_unset_and_rollback(self):
        plan({"page_size": 40}).apply()
        plan({"page_size": UNSET}).apply()
        self.assertEqual(get_config().page_size, 20)
        plan_rollback(1).apply()
        self.assertEqual(get_config().page_size, 40)

    def test_n_a_block_that_fails(self):
        plan({"page_size": 41}).apply()
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            plan({"page_size": 42}).apply()
            self.assertEqual(get_config().page_size, 42)
            _ = 1 / 0
        self.assertEqual(get_config().page_size, 41)

    def test_o_a_page_needs_no_query(self):
        plan({"page_size": 43}).apply()
        self.assertEqual(get_config().page_size, 43)
        with self.assertNumQueries(0):
            self.assertContains(self.client.get("/"), "43 Welcome")


class WithData(TestCase):
    @classmethod
    def setUpTestData(cls):
        plan({"page_size": 3, "token": "of-the-class"}).apply()
        Good.objects.bulk_create(Good(name=f"good {number}") for number in range(5))
        cls.config = get_config()

    def test_a_the_page_has_the_size_of_the_class(self):
        self.assertEqual(len(self.client.get("/goods/").json()["goods"]), 3)

    def test_b_a_change_of_one_test(self):
        plan({"page_size": 4, "token": "of-a-test"}).apply()
        self.assertEqual(len(self.client.get("/goods/").json()["goods"]), 4)
        self.assertEqual(get_config().token.reveal(), "of-a-test")

    def test_c_is_gone_in_the_next(self):
        self.assertEqual((get_config().page_size, get_config().token.reveal()), (3, "of-the-class"))

    @override_config(page_size=2)
    def test_d_an_override(self):
        self.assertEqual(len(self.client.get("/goods/").json()["goods"]), 2)
        self.assertEqual(get_config().token.reveal(), "of-the-class")

    def test_e_what_the_class_has_kept(self):
        self.assertEqual((self.config.page_size, self.config.token.reveal()), (3, "of-the-class"))

    async def test_f_asynchronously(self):
        self.assertEqual((await aget_config()).page_size, 3)
        self.assertEqual(get_config().page_size, 3)
        self.assertEqual((await self.async_client.get("/")).content, b"3 Welcome")


@override_config(page_size=2)
class Overridden(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.good = Good.objects.create(name="a good")

    def test_a_the_data_was_made_with_the_values(self):
        self.assertEqual(self.good.stock, 2)

    def test_b_another_setting_can_change(self):
        plan({"greeting": "Hi"}).apply()
        self.assertEqual((get_config().page_size, get_config().greeting), (2, "Hi"))
        self.assertContains(self.client.get("/"), "2 Hi")

    def test_c_the_change_is_gone(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (2, "Welcome"))

    @override_config(greeting="Hello")
    def test_d_the_overrides_win(self):
        call_command("config", "set", "page_size=9", "greeting=Hi", "is_open=false", stdout=StringIO())
        config = get_config()
        self.assertEqual((config.page_size, config.greeting, config.is_open), (2, "Hello", False))
        self.assertEqual(reload_config().is_open, False)

    async def test_e_asynchronously(self):
        await (await aplan({"greeting": "Hi"})).aapply()
        self.assertEqual(((await aget_config()).page_size, get_config().greeting), (2, "Hi"))


class Hooks(TestCase):
    def setUp(self):
        bank.heard.clear()

    def test_a_hooks_run_after_the_commit(self):
        with self.captureOnCommitCallbacks(execute=True) as callbacks:
            plan({"page_size": 40}).apply()
            self.assertEqual(bank.heard, [])
        self.assertEqual(bank.heard, [(20, 40)])
        self.assertEqual(len(callbacks), 1)
        self.assertEqual(get_config().page_size, 40)

    def test_b_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)

    def test_c_each_change_is_heard(self):
        with self.captureOnCommitCallbacks(execute=True):
            plan({"page_size": 40}).apply()
            plan({"page_size": 50}).apply()
        self.assertEqual(bank.heard, [(20, 40), (40, 50)])

    def test_d_a_page_that_changes(self):
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post("/resize/", {"size": "60"})
        self.assertEqual(bank.heard, [(20, 60)])

    def test_e_nothing_is_heard_of_what_was_rolled_back(self):
        with self.captureOnCommitCallbacks(execute=True):
            with self.assertRaises(ZeroDivisionError), transaction.atomic():
                plan({"page_size": 70}).apply()
                _ = 1 / 0
            plan({"greeting": "Hi"}).apply()
        self.assertEqual(bank.heard, [])
        self.assertEqual(get_config().page_size, 20)

    def test_f_callbacks_that_the_test_calls_itself(self):
        with self.captureOnCommitCallbacks() as callbacks:
            plan({"page_size": 80}).apply()
        self.assertEqual(bank.heard, [])
        for callback in callbacks:
            callback()
        self.assertEqual(bank.heard, [(20, 80)])


class Async(TestCase):
    async def test_a_reads(self):
        self.assertEqual((await aget_config()).page_size, 20)
        self.assertEqual(get_config().page_size, 20)

    async def test_b_changes(self):
        await (await aplan({"page_size": 90})).aapply()
        self.assertEqual((await aget_config()).page_size, 90)

    async def test_c_changes_and_reads_without_await(self):
        await (await aplan({"page_size": 91})).aapply()
        self.assertEqual(get_config().page_size, 91)

    async def test_d_requests_pages(self):
        await (await aplan({"page_size": 92})).aapply()
        for path in ("/", "/async/"):
            self.assertEqual((await self.async_client.get(path)).content, b"92 Welcome")

    async def test_e_changes_on_a_page(self):
        self.assertEqual((await self.async_client.post("/async/resize/", {"size": "93"})).content, b"done")
        self.assertEqual(get_config().page_size, 93)
        self.assertEqual((await self.async_client.post("/resize/", {"size": "94"})).content, b"done")
        self.assertEqual(get_config().page_size, 94)
        self.assertEqual((await aget_config(force_reload=True)).page_size, 94)

    async def test_f_changes_in_a_task(self):
        self.assertEqual((await aget_config()).page_size, 20)

        async def change():
            await (await aplan({"page_size": 95})).aapply()

        await asyncio.create_task(change())
        self.assertEqual((await aget_config()).page_size, 95)
        self.assertEqual(get_config().page_size, 95)
        await asyncio.gather(self.async_client.post("/resize/", {"size": "96"}))
        self.assertEqual((await aget_config()).page_size, 96)
        self.assertEqual(get_config().page_size, 96)

    async def test_g_starts_with_the_defaults_again(self):
        self.assertEqual((await aget_config()).page_size, 20)


class AsyncAfterReading(TestCase):
    """The process has read the configuration before the transaction of the test began."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(reset_process)  # the other tests must not find what this class has read
        get_config()
        super().setUpClass()

    async def test_a_change_in_a_task_is_seen_outside_the_task(self):
        async def change():
            await (await aplan({"page_size": 97})).aapply()

        await asyncio.create_task(change())
        self.assertEqual(get_config().page_size, 97)
        self.assertEqual((await aget_config()).page_size, 97)

    async def test_b_starts_with_the_defaults_again(self):
        self.assertEqual(get_config().page_size, 20)
        self.assertEqual((await aget_config()).page_size, 20)


class Settings(TestCase):
    def test_another_time_to_confirm(self):
        with self.settings(CONFIG_APP={"PROJECT": "shop.configuration.ShopProject", "CONFIRM_SECONDS": 5}):
            plan({"page_size": 21}).apply(confirm_within=5)
            self.assertEqual(get_config().page_size, 21)

    @override_settings(USE_TZ=False)
    def test_other_settings_of_django(self):
        plan({"page_size": 22}).apply()
        call_command("config", "history", stdout=StringIO())
        self.assertEqual(get_config().page_size, 22)
