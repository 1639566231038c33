"""Asynchronous tests as functions, with the plugin of anyio.

They also pass with pytest-asyncio in its mode "auto".
"""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from config_app.api import aget_config, aplan, get_config
from config_app.testing import override_config

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def few():
    with override_config(page_size=2) as config:
        yield config


@pytest.fixture
@override_config(page_size=3)
async def decorated_fixture():
    yield get_config().page_size
    assert get_config().page_size == 3


@pytest.fixture
async def large(transactional_db):
    await (await aplan({"page_size": 100})).aapply()


@pytest.fixture
async def closing(transactional_db):
    """Close what a view has opened. Django closes connections only after real requests."""
    yield
    await sync_to_async(connections.close_all)()


@override_config(page_size=5)
async def test_an_override_without_a_database():
    assert get_config().page_size == 5
    assert (await aget_config()).page_size == 5


@pytest.mark.override_config(page_size=6)
async def test_the_marker(async_client):
    for path in ("/", "/async/"):
        assert (await async_client.get(path)).content == b"6 Welcome"


async def test_an_async_fixture(few, async_client):
    assert get_config().page_size == 2
    assert (await async_client.get("/async/")).content == b"2 Welcome"


async def test_it_is_over(transactional_db):
    assert (await aget_config()).page_size == 20


@override_config(greeting="Hello")
async def test_an_async_fixture_and_a_decorator(few):
    assert (get_config().greeting, get_config().page_size) == ("Hello", 2)


async def test_a_decorated_fixture(decorated_fixture):
    assert (decorated_fixture, get_config().page_size) == (3, 3)


async def test_reads_first(transactional_db):
    assert (await aget_config()).page_size == 20
    assert get_config().page_size == 20


async def test_reads_first_without_await(transactional_db):
    assert get_config().page_size == 20


async def test_changes(transactional_db, async_client):
    await (await aplan({"page_size": 90})).aapply()
    assert get_config().page_size == 90
    assert (await async_client.get("/async/")).content == b"90 Welcome"


async def test_starts_with_the_defaults_again(transactional_db, async_client):
    assert (await async_client.get("/async/")).content == b"20 Welcome"


async def test_a_fixture_that_changes(large, async_client):
    assert (await async_client.get("/")).content == b"100 Welcome"


async def test_changes_by_a_page(closing, async_client):
    assert (await async_client.post("/async/resize/", {"size": "91"})).content == b"done"
    assert (await async_client.post("/resize/", {"size": "92"})).content == b"done"
    assert get_config().page_size == 92


async def test_tasks(transactional_db):
    async def change(size):
        return await (await aplan({"page_size": size})).aapply()

    found = await asyncio.gather(change(30), change(31), change(32))
    assert sorted(revision.number for revision in found) == [1, 2, 3]
    assert get_config().page_size in {30, 31, 32}


@override_config(page_size=7)
async def test_an_override_in_tasks_and_threads():
    async def read():
        return get_config().page_size

    assert await asyncio.gather(read(), asyncio.create_task(read())) == [7, 7]
    assert (await asyncio.to_thread(get_config)).page_size == 7
    with override_config(page_size=8):
        assert await asyncio.gather(read(), asyncio.create_task(read())) == [8, 8]
    assert get_config().page_size == 7


@override_config(page_size=9)
class TestDecorated:
    async def test_a_method(self):
        assert get_config().page_size == 9
