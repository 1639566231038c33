"""``config_app.api``: reading needs no I/O, and a change takes effect only after its commit."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction

from config_app import api
from config_app.live import hooks, runtime
from config_app.models import SystemConfig

pytestmark = pytest.mark.django_db(transaction=True)

Calls = list[tuple[int, int]]


@pytest.fixture(autouse=True)
def _installed(transactional_db: None, install: None) -> None:
    """Work on an install."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return a list to which a hook on ``port`` adds the old and the new port of each call."""
    monkeypatch.setattr(hooks, "_hooks", [])
    made: Calls = []

    @api.on_change("port")
    def note(old: Any, new: Any) -> None:
        made.append((old.port, new.port))

    return made


def test_reading_makes_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert api.get_config().port == 8884
        assert async_to_sync(api.aget_config)().port == 8884


def test_what_is_read_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        api.get_config().port = 1


def test_the_async_twin_reads_the_database_on_demand() -> None:
    SystemConfig.objects.create(config_key="port", config_value="9001")
    assert async_to_sync(api.aget_config)().port == 8884
    assert async_to_sync(api.aget_config)(force_reload=True).port == 9001
    assert api.get_config().port == 9001


def test_a_hook_hears_of_raw_sql(calls: Calls) -> None:
    SystemConfig.objects.create(config_key="port", config_value="9001")
    api.reload_config()
    assert calls == [(8884, 9001)]


def test_before_the_commit_only_the_caller_sees_a_change_and_no_hook_runs(calls: Calls) -> None:
    with transaction.atomic():
        api.plan({"port": 9001}).apply()
        assert (api.get_config().port, calls) == (9001, [])
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: api.get_config().port).result() == 8884
    assert (api.get_config().port, calls) == (9001, [(8884, 9001)])


def test_a_rolled_back_transaction_leaves_no_trace(calls: Calls) -> None:
    with transaction.atomic():
        api.plan({"port": 9001}).apply()
        transaction.set_rollback(True)
    assert (api.get_config().port, calls) == (8884, [])
    assert runtime.reload().config.port == 8884
