"""The public functions of this app: read, plan, watch and override the configuration."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async

from config_app.change.plan import Plan, plan
from config_app.change.rollback import plan_rollback
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.errors import UnknownSetting
from config_app.live.hooks import on_change
from config_app.live.runtime import Snapshot, get_config, get_snapshot, override, reload
from config_app.project import get_schema
from config_app.propagation.sources import using_database
from config_app.propagation.watcher import start as start_watching
from config_app.propagation.watcher import stop as stop_watching

__all__ = [
    "UNSET",
    "Plan",
    "Secret",
    "Snapshot",
    "aget_config",
    "get_config",
    "get_snapshot",
    "on_change",
    "override_config",
    "plan",
    "plan_rollback",
    "reload_config",
    "start_watching",
    "stop_watching",
    "using_database",
]

F = TypeVar("F", bound=Callable[..., Any])


def reload_config() -> Any:
    """Read the configuration from the database now, make it the current one, run the hooks and return it."""
    return reload().config


async def aget_config(*, force_reload: bool = False) -> Any:
    """Return the current runtime config; with ``force_reload``, read the database first."""
    if force_reload:
        return await sync_to_async(reload_config)()
    return get_config()


def _declared(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with the text of each secret wrapped in ``Secret``.

    Raise ``UnknownSetting`` if no setting has one of the names.
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


class override_config:  # noqa: N801 - used like Django's override_settings
    """A context manager and decorator for tests that overrides values of the runtime config.

    Name the values by attribute. They are not validated; text for a secret becomes a ``Secret``. Only the
    current context (a thread or task, and what it calls) sees them. Works for async blocks and functions too.
    Entering it raises ``UnknownSetting`` if there is no such attribute.
    """

    def __init__(self, **values: Any) -> None:
        """Keep the values, named by attribute of the runtime config."""
        self._values = values
        self._entered: list[contextlib.AbstractContextManager[Any]] = []

    def _enter(self) -> contextlib.AbstractContextManager[Any]:
        return override(dataclasses.replace(get_config(), **_declared(self._values)))

    def __enter__(self) -> Any:
        """Override the values in this context and return the resulting runtime config."""
        entering = self._enter()
        config = entering.__enter__()
        self._entered.append(entering)
        return config

    def __exit__(self, *_error: object) -> None:
        """Restore the values from before."""
        self._entered.pop().__exit__(None, None, None)

    def __call__(self, function: F) -> F:
        """Return a function that calls ``function`` with the values overridden."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self._enter():
                    return await function(*args, **kwargs)

            return cast("F", awaited)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self._enter():
                return function(*args, **kwargs)

        return cast("F", called)
