"""``override_config``: other values of settings for a block, a function, a test class or a live server."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from unittest import TestCase

from config_app.declaration.secret import Secret
from config_app.errors import ConfigError, UnknownSetting
from config_app.live import pinning, runtime
from config_app.project import get_schema

T = TypeVar("T", bound=Callable[..., Any])


def _declared(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by attribute. Wrap the text of each secret in ``Secret``.

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


def _underlying() -> Any:
    """Return the current runtime config. If this test may not use a database, return the defaults."""
    try:
        return runtime.get_config()
    except (ConfigError, RuntimeError, AssertionError):  # Django or pytest-django forbids it
        return get_schema().defaults


class override_config:  # noqa: N801 - used like Django's override_settings
    """Use other values of settings in a test.

    Use it as a context manager, or as a decorator of a function, a coroutine function or a test class. The
    arguments are named after the attributes of the settings. Their values are not validated; text for a
    secret becomes a ``Secret``. Other threads, such as that of a live server, see the values too. This needs
    no database. Raise ``UnknownSetting`` for a name that is not a setting, and ``TypeError`` for a class
    without tests.
    """

    def __init__(self, **values: Any) -> None:
        self._values = values
        self._entered: list[contextlib.AbstractContextManager[Any]] = []

    def _override(self) -> contextlib.AbstractContextManager[Any]:
        config = dataclasses.replace(_underlying(), **_declared(self._values))
        return pinning.override(config, everywhere=True)

    def __enter__(self) -> Any:
        """Begin to use the values, and return the resulting runtime config."""
        override = self._override()
        config = override.__enter__()
        self._entered.append(override)
        return config

    def __exit__(self, *_error: object) -> None:
        """Use the previous values again."""
        self._entered.pop().__exit__(None, None, None)

    def __call__(self, decorated: T) -> T:
        """Decorate a function, a coroutine function or a class of tests."""
        if isinstance(decorated, type):
            return cast("T", self._decorate_class(decorated))
        if inspect.iscoroutinefunction(decorated):

            @functools.wraps(decorated)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self._override():
                    return await decorated(*args, **kwargs)

            return cast("T", awaited)

        @functools.wraps(decorated)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self._override():
                return decorated(*args, **kwargs)

        return cast("T", called)

    def _decorate_class(self, decorated: type) -> type:
        if issubclass(decorated, TestCase):
            return self._decorate_test_case(decorated)
        tests = [name for name in dir(decorated) if name.startswith("test")]
        if not tests:
            raise TypeError(
                f"override_config: {decorated.__name__} has no tests; decorate a function, "
                "a TestCase or a class with methods called test…"
            )
        for name in tests:
            setattr(decorated, name, self(getattr(decorated, name)))
        return decorated

    def _decorate_test_case(self, decorated: type[TestCase]) -> type[TestCase]:
        """Override the values from ``setUpClass`` on, so that ``setUpTestData`` and live servers see them."""
        inherited = decorated.__dict__.get("setUpClass")

        def set_up_class(cls: type[TestCase]) -> None:
            cls.addClassCleanup(self.__exit__)
            self.__enter__()
            if inherited is not None:
                inherited.__get__(None, cls)()
            else:
                super(decorated, cls).setUpClass()  # type: ignore[misc]  # cls is a subclass of decorated

        decorated.setUpClass = classmethod(set_up_class)  # type: ignore[assignment]
        return decorated
