"""A router that makes Django migrate config_app's tables only in the configuration's database."""

from __future__ import annotations

from typing import Any

from django.db import router

from config_app.database.place import alias

APP_LABEL = "config_app"


class TablesRouter:
    """A router that allows the tables of ``config_app`` only in the configuration's database.

    Queries do not depend on this router: see ``OneDatabaseManager``.
    """

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        """Return ``False`` for ``config_app`` if ``db`` is not the configuration's database.

        Otherwise return ``None``, so that the next router decides.
        """
        return False if app_label == APP_LABEL and db != alias() else None


def add_router() -> None:
    """Add ``TablesRouter`` before the routers of the project, so that Django asks ``TablesRouter`` first."""
    router.routers.insert(0, TablesRouter())
