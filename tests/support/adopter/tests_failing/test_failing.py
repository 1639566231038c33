"""Tests that fail in their middle, and tests after them, which must not notice.

Each test with "fails" in its name fails, and no other.
"""

from __future__ import annotations

import threading
import urllib.request

import pytest
from django.db import transaction
from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase

from config_app.api import get_config, plan
from config_app.testing import override_config


class Failure(Exception):
    pass


class InTransaction(TestCase):
    def test_a_fails_after_a_change(self):
        plan({"page_size": 30, "token": "of-a-test"}).apply()
        raise Failure

    def test_b_fails_in_a_block(self):
        with override_config(page_size=31), transaction.atomic():
            plan({"greeting": "Hi"}).apply()
            raise Failure

    @override_config(page_size=32)
    def test_c_fails_in_a_decorated_method(self):
        raise Failure

    def test_d_fails_with_an_error_of_the_configuration(self):
        plan({"page_size": 999})

    def test_e_fails_while_callbacks_are_captured(self):
        with self.captureOnCommitCallbacks(execute=True):
            plan({"page_size": 33}).apply()
            raise Failure

    @override_config(page_size=34)
    async def test_f_fails_in_a_coroutine(self):
        raise Failure

    def test_z_starts_clean(self):
        self.assertEqual(
            (get_config().page_size, get_config().greeting, get_config().token), (20, "Welcome", None)
        )


class Committed(TransactionTestCase):
    def test_a_fails_after_a_change(self):
        plan({"page_size": 40, "token": "of-a-test"}).apply()
        raise Failure

    def test_b_fails_in_a_transaction(self):
        with transaction.atomic():
            plan({"page_size": 41}).apply()
            raise Failure

    def test_z_starts_clean(self):
        self.assertEqual((get_config().page_size, get_config().token), (20, None))
        self.assertEqual(plan({"page_size": 42}).apply().number, 1)


@override_config(page_size=50)
class WithServer(LiveServerTestCase):
    def test_a_fails_after_a_request(self):
        plan({"greeting": "Hi"}).apply()
        with urllib.request.urlopen(self.live_server_url, timeout=10) as answer:
            self.assertEqual(answer.read(), b"50 Hi")
        raise Failure

    def test_z_starts_clean(self):
        self.assertEqual((get_config().page_size, get_config().greeting), (50, "Welcome"))


@override_config(page_size=60)
class SetUpClassFails(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise Failure

    def test_it_fails_before_it_begins(self):
        """Never run."""


class SetUpFails(TestCase):
    def setUp(self):
        self.enterContext(override_config(page_size=61))
        plan({"greeting": "Hi"}).apply()
        raise Failure

    def test_it_fails_before_it_begins(self):
        """Never run."""


class Afterwards(TestCase):
    def test_nothing_is_left(self):
        self.assertEqual(
            (get_config().page_size, get_config().greeting, get_config().token), (20, "Welcome", None)
        )
        self.assertContains(self.client.get("/"), "20 Welcome")
        self.assertEqual([t.name for t in threading.enumerate() if "config" in t.name], [])


@pytest.fixture
def fixture_that_fails_at_its_end(db):
    with override_config(page_size=70):
        yield
        raise Failure


@pytest.mark.override_config(page_size=71)
def test_a_function_fails(db):
    plan({"greeting": "Hi"}).apply()
    raise Failure


def test_the_end_of_its_fixture_fails(fixture_that_fails_at_its_end):
    assert get_config().page_size == 70


@override_config(page_size=72)
class TestSetUp:
    @classmethod
    def setup_class(cls):
        raise Failure

    def test_it_fails_before_it_begins(self):
        """Never run."""


def test_a_function_starts_clean(db):
    assert (get_config().page_size, get_config().greeting) == (20, "Welcome")
