"""``override_config``: replaces values of settings in a block, a function or a test class."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from config_app.declaration.secret import Secret
from config_app.errors import DatabaseUnavailable, UnknownSetting
from config_app.live import context, runtime
from config_app.live.overriding import Override, innermost
from config_app.project import get_schema
from config_app.testing.classes import decorate_class

T = TypeVar("T", bound=Callable[..., Any])


def _declared(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values``. If the text of a secret is a plain ``str``, wrap the text in ``Secret``.

    Raise ``UnknownSetting`` if a name is not the attribute of a setting.
    """
    schema = get_schema()
    settings = {setting.attribute: setting for setting in schema.settings.values()}
    for name in values:
        if name not in settings:
            raise UnknownSetting(name, [schema[key].attribute for key in schema.suggestions(name)])
    return {
        name: Secret(value) if settings[name].is_secret and isinstance(value, str) else value
        for name, value in values.items()
    }


def _config() -> Any:
    """Return the runtime config that the caller sees, with the values of the innermost override.

    Without an override, return the config that is pinned to the request, or ``None``.
    """
    override = innermost()
    return override.on(_below()) if override else context.pinned_config()


def _below() -> Any:
    """Return the runtime config without overrides.

    If this test is not allowed to use a database, return a config with the defaults.
    """
    try:
        return context.pinned_config() or runtime.unpinned()
    # pytest-django raises RuntimeError, Django AssertionError.
    except (DatabaseUnavailable, RuntimeError, AssertionError):
        return get_schema().defaults


class override_config:  # noqa: N801 - used like Django's override_settings
    """Use other values of settings in a test.

    ``override_config`` is a context manager. It is also a decorator for a function, a coroutine function, a
    generator fixture or a test class. The name of an argument is the attribute of a setting. The values are
    not validated, and a text for a secret becomes a ``Secret``. Other threads see the values too, for example
    the thread of a live server. No database is needed.

    All other settings keep their current values. If one of them changes during the test, the test sees its
    new value.

    Raise ``UnknownSetting`` if the name of an argument is not the attribute of a setting. Raise ``TypeError``
    if a decorated class has no tests.
    """

    def __init__(self, **values: Any) -> None:
        self._values = values
        self._entered: list[Override] = []

    def __enter__(self) -> Any:
        """Begin to use the values. Return the runtime config with these values."""
        self._entered.append(begin(self._values))
        return _config()

    def __exit__(self, *_error: object) -> None:
        """End the use of the values. The values from before apply again."""
        self._entered.pop().end()

    def __call__(self, decorated: T) -> T:
        """Decorate a function, a coroutine function, a generator function or a class of tests."""
        if isinstance(decorated, type):
            return cast("T", decorate_class(decorated, self._values, begin))
        overriding = functools.partial(override_config, **self._values)
        return cast("T", functools.wraps(decorated)(_wrapper(decorated)(decorated, overriding)))


def begin(values: Mapping[str, Any]) -> Override:
    """Begin to use ``values``. Return an ``Override``, whose ``end`` method ends their use.

    The function does not read the database. Raise ``UnknownSetting`` if ``values`` has an unknown name.
    """
    override = Override(_declared(values))
    runtime.look_through(_config)
    override.begin()
    return override


Overriding = Callable[[], override_config]


def _wrapper(decorated: Callable[..., Any]) -> Callable[[Callable[..., Any], Overriding], Callable[..., Any]]:
    if inspect.iscoroutinefunction(decorated):
        return _coroutine
    if inspect.isasyncgenfunction(decorated):
        return _async_generator
    return _generator if inspect.isgeneratorfunction(decorated) else _function


def _function(decorated: Callable[..., Any], overriding: Overriding) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        with overriding():
            return decorated(*args, **kwargs)

    return called


def _coroutine(decorated: Callable[..., Any], overriding: Overriding) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        with overriding():
            return await decorated(*args, **kwargs)

    return called


def _generator(decorated: Callable[..., Any], overriding: Overriding) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:  # a fixture yields between its start and its end
        with overriding():
            return (yield from decorated(*args, **kwargs))

    return called


def _async_generator(decorated: Callable[..., Any], overriding: Overriding) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        with overriding():
            async for found in decorated(*args, **kwargs):
                yield found

    return called
