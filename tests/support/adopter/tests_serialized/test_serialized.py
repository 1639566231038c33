"""Tests that commit and keep the data of migrations, with ``serialized_rollback``.

Django cannot run them together with tests that commit and do not keep it.
"""

from __future__ import annotations

import pytest
from django.test import TransactionTestCase

from config_app.api import get_config, get_snapshot, plan


class Serialized(TransactionTestCase):
    serialized_rollback = True

    def test_a_changes(self):
        self.assertEqual(get_config().page_size, 20)
        plan({"page_size": 50, "token": "of-a-test"}).apply()
        self.assertEqual(get_config().page_size, 50)

    def test_b_starts_with_the_defaults_again(self):
        self.assertEqual((get_config().page_size, get_config().token), (20, None))

    def test_c_changes_again(self):
        self.assertEqual(plan({"page_size": 51, "token": "again"}).apply().number, 1)
        self.assertEqual((get_config().page_size, get_config().token.reveal()), (51, "again"))

    def test_d_starts_with_the_defaults_again(self):
        self.assertContains(self.client.get("/"), "20 Welcome")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("size", [43, 44])
def test_a_function(size):
    assert (get_config().page_size, get_config().token, get_snapshot().problems) == (20, None, ())
    assert plan({"page_size": size, "token": "of-a-test"}).apply().number == 1
    assert get_config().token.reveal() == "of-a-test"


@pytest.mark.parametrize("size", [45, 46])
def test_a_function_with_fixtures(transactional_db, django_db_serialized_rollback, size):
    assert plan({"page_size": size}).apply().number == 1
