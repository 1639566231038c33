"""``override_config`` overrides values for a test, and leaves the other values as they are."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from config_app.api import Secret, aget_config, get_config, override_config, plan
from config_app.errors import ConfigError
from config_app.live import runtime
from tests.support.config_command import CANARY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None) -> None:
    """Work on an install."""


def port_in_force() -> int:
    port: int = get_config().port
    return port


def test_a_block_sees_the_values_and_nobody_afterwards() -> None:
    with override_config(port=9001) as config:
        assert get_config() is config
        assert (config.port, config.log_level) == (9001, "info")
    assert get_config().port == 8884


def test_a_block_that_fails_restores_too() -> None:
    with pytest.raises(KeyError), override_config(port=9001):
        raise KeyError
    assert get_config().port == 8884


def test_blocks_nest() -> None:
    with override_config(port=9001):
        with override_config(log_level="debug"):
            assert (get_config().port, get_config().log_level) == (9001, "debug")
            with override_config(port=9002):
                assert get_config().port == 9002
        assert (get_config().port, get_config().log_level) == (9001, "info")


def test_one_override_can_be_used_again_and_within_itself() -> None:
    override = override_config(port=9001)
    for _ in range(2):
        with override:
            with override:
                assert get_config().port == 9001
            assert get_config().port == 9001
        assert get_config().port == 8884


@override_config(port=9001)
def test_a_function_can_be_decorated() -> None:
    assert get_config().port == 9001


def test_a_decorated_function_keeps_its_name_arguments_and_result() -> None:
    @override_config(port=9001)
    def double(number: int) -> int:
        """Return twice the number."""
        return number * 2 + port_in_force()

    assert (double.__name__, double.__doc__, double(2)) == ("double", "Return twice the number.", 9005)
    assert get_config().port == 8884


def test_a_coroutine_can_be_decorated() -> None:
    @override_config(port=9001)
    async def read() -> int:
        await asyncio.sleep(0)
        assert (await aget_config()).port == 9001
        return await sync_to_async(port_in_force)()

    assert async_to_sync(read)() == 9001
    assert get_config().port == 8884


def test_tasks_do_not_see_each_others_values() -> None:
    async def read(port: int) -> int:
        with override_config(port=port):
            await asyncio.sleep(0)
            return port_in_force()

    async def main() -> list[int]:
        return await asyncio.gather(*(read(port) for port in range(9001, 9006)))

    assert async_to_sync(main)() == [9001, 9002, 9003, 9004, 9005]


def test_another_thread_sees_the_values_too() -> None:
    seen: list[int] = []
    with override_config(port=9001):
        thread = threading.Thread(target=lambda: seen.append(get_config().port))
        thread.start()
        thread.join()
    assert seen == [9001]


def test_a_decorated_function_can_run_in_several_threads_at_once() -> None:
    barrier, seen = threading.Barrier(4), []

    @override_config(port=9001)
    def read() -> None:
        barrier.wait()
        seen.append(get_config().port)
        barrier.wait()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [9001] * 4
    assert get_config().port == 8884


def test_a_change_of_another_setting_is_used_at_once() -> None:
    with override_config(log_level="debug") as before:
        plan({"port": 9001}).apply()
        assert (get_config().port, get_config().log_level) == (9001, "debug")
        assert before.port == 8884
    assert (get_config().port, get_config().log_level) == (9001, "info")


def test_an_override_wins_over_a_change_of_the_same_setting() -> None:
    with override_config(port=9001):
        plan({"port": 9002}).apply()
        assert get_config().port == 9001
        assert runtime.get_snapshot().config.port == 9002
    assert get_config().port == 9002


def test_an_override_may_end_in_another_context_than_it_began() -> None:
    override = override_config(port=9001)
    copy_context().run(override.__enter__)
    assert get_config().port == 9001
    override.__exit__(None, None, None)
    assert get_config().port == 8884
    assert copy_context().run(get_config).port == 8884


def test_a_generator_can_be_decorated() -> None:
    @override_config(port=9001)
    def fixture() -> Iterator[int]:
        yield port_in_force()
        yield port_in_force()

    assert list(fixture()) == [9001, 9001]
    assert get_config().port == 8884


def test_an_async_generator_can_be_decorated() -> None:
    @override_config(port=9001)
    async def fixture() -> AsyncIterator[int]:
        yield port_in_force()
        await asyncio.sleep(0)
        yield port_in_force()

    async def main() -> list[int]:
        return [port async for port in fixture()]

    assert async_to_sync(main)() == [9001, 9001]
    assert get_config().port == 8884


def test_the_values_are_those_of_an_immutable_configuration() -> None:
    with override_config(port=9001) as config, pytest.raises(dataclasses.FrozenInstanceError):
        config.port = 9002


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("banana", "banana: no such setting"),
        ("prot", r"prot: no such setting; did you mean port"),
        ("bind_address", r"bind_address: no such setting; did you mean host\?"),
    ],
)
def test_a_value_that_no_setting_has_is_a_mistake_in_the_test(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message), override_config(**{name: 1}):
        pass
    assert get_config().port == 8884


def test_text_for_a_secret_is_a_secret() -> None:
    with override_config(workos_api_key=CANARY) as config:
        assert config.workos_api_key.reveal() == CANARY
        assert CANARY not in repr(config)
    with override_config(workos_api_key=Secret(CANARY)) as config:
        assert config.workos_api_key == Secret(CANARY)


def test_what_is_overridden_need_not_be_valid_but_need_not_touch_the_database() -> None:
    get_config()
    with override_config(port=-1, workos_api_key=None):
        assert get_config().port == -1
