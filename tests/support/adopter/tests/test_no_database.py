"""Tests that need no database."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
import unittest

from django.test import RequestFactory, SimpleTestCase, tag
from shop import bank, views

from config_app.api import Secret, aget_config, get_config
from config_app.testing import override_config


class Decorated(SimpleTestCase):
    @override_config(page_size=5)
    def test_a_method(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (5, "Welcome"))

    @override_config(page_size=6)
    async def test_an_async_method(self):
        self.assertEqual(get_config().page_size, 6)
        self.assertEqual((await aget_config()).page_size, 6)
        self.assertEqual((await asyncio.to_thread(get_config)).page_size, 6)

    @override_config(page_size=7)
    def test_a_page(self):
        self.assertContains(self.client.get("/"), "7 Welcome")

    @override_config(page_size=8)
    async def test_a_page_asynchronously(self):
        for path in ("/", "/async/"):
            response = await self.async_client.get(path)
            self.assertEqual(response.content, b"8 Welcome")

    @override_config(page_size=9)
    def test_a_view_without_a_client(self):
        self.assertEqual(views.index(RequestFactory().get("/")).content, b"9 Welcome")

    @override_config(token="of-a-test")
    def test_a_secret(self):
        self.assertEqual(get_config().token, Secret("of-a-test"))
        self.assertEqual(get_config().token.reveal(), "of-a-test")

    def test_without_an_override_nothing_may_use_the_database(self):
        with self.assertRaisesMessage((AssertionError, RuntimeError), "not allowed"):
            get_config()


@override_config(page_size=11, hosts=("a.example",))
class DecoratedClass(SimpleTestCase):
    at_the_start: int

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.at_the_start = get_config().page_size

    def setUp(self):
        self.in_set_up = get_config().page_size

    def test_set_up_sees_the_values(self):
        self.assertEqual((self.at_the_start, self.in_set_up, get_config().page_size), (11, 11, 11))

    @override_config(page_size=12)
    def test_a_method_of_its_own(self):
        self.assertEqual((get_config().page_size, get_config().hosts), (12, ("a.example",)))

    def test_blocks_within_blocks(self):
        with override_config(page_size=13) as outer:
            self.assertEqual(outer.page_size, 13)
            with override_config(greeting="Hi") as inner:
                self.assertEqual((inner.page_size, inner.greeting), (13, "Hi"))
                self.assertEqual((get_config().page_size, get_config().greeting), (13, "Hi"))
            self.assertEqual((get_config().page_size, get_config().hosts), (13, ("a.example",)))
        self.assertEqual(get_config().page_size, 11)

    def test_a_block_that_fails(self):
        with self.assertRaises(ZeroDivisionError), override_config(page_size=1):
            _ = 1 / 0
        self.assertEqual(get_config().page_size, 11)

    def test_a_thread(self):
        seen = []
        thread = threading.Thread(target=lambda: seen.append(get_config().page_size))
        thread.start()
        thread.join()
        self.assertEqual(seen, [11])


class Inherited(DecoratedClass):
    def test_a_subclass_has_the_values_too(self):
        self.assertEqual(get_config().page_size, 11)


@override_config(greeting="Hi")
class DecoratedTwice(DecoratedClass):
    def test_both_decorators_count(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (11, "Hi"))


@override_config(page_size=21)
class DecoratedAgain(DecoratedClass):
    at_the_start: int

    def test_set_up_sees_the_values(self):
        self.assertEqual((self.at_the_start, self.in_set_up, get_config().page_size), (21, 21, 21))

    def test_blocks_within_blocks(self):
        self.assertEqual((get_config().page_size, get_config().hosts), (21, ("a.example",)))

    test_a_block_that_fails = test_a_thread = None


@override_config(page_size=22)
class Mixin:
    def test_the_values_of_a_mixin(self):
        self.assertEqual(get_config().page_size, 22)


class WithMixin(Mixin, SimpleTestCase):
    pass


class Entered(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(override_config(page_size=14))

    def setUp(self):
        self.enterContext(override_config(greeting="Hi"))

    def test_both_count(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (14, "Hi"))

    def test_both_count_in_the_next_test(self):
        self.assertContains(self.client.get("/"), "14 Hi")

    async def test_both_count_in_a_coroutine(self):
        self.assertEqual((get_config().page_size, (await aget_config()).greeting), (14, "Hi"))


@tag("isolated")  # Python cannot send such a test to another process
@override_config(page_size=15)
class PlainAsync(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        override = override_config(greeting="Hi")
        override.__enter__()
        self.addCleanup(override.__exit__, None, None, None)

    async def test_a_test_case_of_python(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (15, "Hi"))

    async def test_tasks(self):
        async def read():
            return get_config().page_size

        self.assertEqual(await asyncio.gather(read(), read()), [15, 15])


class Client(SimpleTestCase):
    def setUp(self):
        bank.client.cache_clear()
        self.addCleanup(bank.client.cache_clear)

    @override_config(token="of-a-test")
    def test_a_client_with_the_token(self):
        self.assertEqual(bank.client(), "Bearer of-a-test")


class Values(SimpleTestCase):
    @override_config(page_size=500)
    def test_a_value_that_the_form_would_refuse(self):
        self.assertEqual(get_config().page_size, 500)

    def test_a_wrong_name_is_refused_with_a_proposal(self):
        with self.assertRaisesMessage(Exception, "page_size"):
            override_config(page_sise=5).__enter__()

    @override_config(token="of-a-test", page_size=16)
    def test_a_copy_of_the_configuration(self):
        self.assertEqual(copy.deepcopy(get_config()).page_size, 16)
        self.assertEqual(copy.deepcopy(get_config()).token.reveal(), "of-a-test")
        self.assertEqual(pickle.loads(pickle.dumps(get_config())).page_size, 16)  # noqa: S301
