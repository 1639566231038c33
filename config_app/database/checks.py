"""Django system checks of ``CONFIG_APP["DATABASE"]``, ``CONFIG_APP["TABLE_PREFIX"]`` and the routers."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import router

from config_app.database.names import check_prefix
from config_app.database.options import NotConfigured
from config_app.database.place import alias, check_alias, connection
from config_app.database.routing import APP_LABEL

SUPPORTED = {"sqlite", "postgresql"}
"""The kinds of database for which config_app has triggers. These triggers count every write."""


@register(Tags.compatibility)
def check_database(**_options: object) -> list[CheckMessage]:
    """Return an error or a warning for each mistake in ``DATABASE``, ``TABLE_PREFIX`` and the routers."""
    checks = {"config_app.E014": check_alias, "config_app.E016": check_prefix}
    mistakes: list[CheckMessage] = []
    for number, check in checks.items():
        try:
            check()
        except NotConfigured as error:
            mistakes.append(Error(error.message, hint=error.fix, id=number))
    return mistakes or [*_check_engine(), *_check_migrations(), *_check_routers()]


def _check_engine() -> Iterable[CheckMessage]:
    if connection().vendor not in SUPPORTED:
        yield Warning(
            f"the database {alias()!r} is {connection().display_name}, for which config_app has no triggers; "
            "processes notice raw SQL within a minute, and other changes within a second",
            hint='use PostgreSQL or SQLite, or name another database in CONFIG_APP["DATABASE"]',
            id="config_app.W005",
        )


def _check_migrations() -> Iterable[CheckMessage]:
    models = apps.get_app_config(APP_LABEL).get_models()
    refused = [model.__name__ for model in models if not router.allow_migrate_model(alias(), model)]
    if refused:
        yield Error(
            f"a router does not let migrate create tables in the database {alias()!r} for these models of "
            f"config_app: {', '.join(refused)}",
            hint=f"let the router's allow_migrate() return True or None for config_app and {alias()!r}",
            id="config_app.E015",
        )


def _check_routers() -> Iterable[CheckMessage]:
    """Yield a warning for each method of a router that returns the wrong database for config_app's models."""
    # config_app's own queries ignore this answer. But code that asks a router, such as Model.save(), uses it.
    models = list(apps.get_app_config(APP_LABEL).get_models())
    for asked in router.routers:
        for method in ("db_for_read", "db_for_write"):
            answer = getattr(asked, method, None)
            answers = {answer(model) for model in models} if answer else set()
            if others := sorted(str(found) for found in answers if found and found != alias()):
                name = f"{type(asked).__module__}.{type(asked).__qualname__}"
                yield Warning(
                    f"{name}.{method}() returns {', '.join(others)} for config_app, but the tables of "
                    f"config_app are in {alias()!r}",
                    hint=f"let this method return {alias()!r} or None for config_app",
                    id="config_app.W004",
                )
