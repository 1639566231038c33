"""Read and save settings with other libraries, to compare them with config_app."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from bench.project.peers import CONSTANCE, DYNAMIC_PREFERENCES

Statement = tuple[str, dict[str, Any]]
"""A Python statement that reads the port, and the variables that the statement uses."""


def readers() -> dict[str, Statement]:
    """Return a dict that maps the name of each library and backend to a statement that reads the port."""
    found: dict[str, Statement] = {}
    if apps.is_installed(CONSTANCE):
        found |= {name: ("config.port", {"config": config}) for name, config in _constance().items()}
    if apps.is_installed(DYNAMIC_PREFERENCES):
        found["dynamic-preferences, cache in memory"] = ('preferences["bench__port"]', _preferences())
    return found


def _constance() -> dict[str, Any]:
    """Return a dict that maps the name of each constance backend to a config object with this backend.

    All caches already contain the values.
    """
    from constance import settings
    from constance.backends.database import DatabaseBackend
    from constance.backends.memory import MemoryBackend
    from constance.backends.redisd import CachingRedisBackend

    settings.REDIS_CONNECTION_CLASS = "bench.inside.peers.RedisInThisProcess"
    plain_database = DatabaseBackend()
    settings.DATABASE_CACHE_BACKEND = "files"
    backends = {
        "constance, memory": MemoryBackend(),
        "constance, Redis cached in the process": CachingRedisBackend(),
        "constance, database and cache": DatabaseBackend(),
        "constance, database": plain_database,
    }
    return {name: _config(backend) for name, backend in backends.items()}


def _config(backend: Any) -> Any:
    from constance.base import Config

    config = Config()
    config._backend = backend  # noqa: SLF001 - constance's settings name only one backend per process
    config.port = 8001
    return config


class RedisInThisProcess(dict[str, bytes]):
    """A dictionary in place of a Redis server, so that the benchmark needs no server.

    The cache of constance is warm, so constance does not ask the server during a measurement.
    """

    def set(self, key: str, value: Any) -> None:
        """Store ``value`` as bytes, as Redis does."""
        self[key] = value.encode() if isinstance(value, str) else value


def _preferences() -> dict[str, Any]:
    from dynamic_preferences.registries import global_preferences_registry

    preferences = global_preferences_registry.manager()
    preferences["bench__port"] = 8001
    return {"preferences": preferences}


def save_form(port: str) -> None:
    """Save ``port`` as constance's admin does: validate and save the form with all settings."""
    from constance.forms import ConstanceForm
    from constance.utils import get_values

    initial = get_values()
    version = ConstanceForm(initial=initial).initial["version"]
    form = ConstanceForm(data={**initial, "version": version, "port": port}, initial=initial)
    assert form.is_valid(), form.errors
    form.save()
