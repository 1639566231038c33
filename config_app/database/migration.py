"""The base class of the engine's migrations."""

from __future__ import annotations

from django.db import migrations

from config_app.database.names import PREFIX, prefixed


class ConfigMigration(migrations.Migration):
    """A migration that Django records for each prefix of the tables separately.

    If it recorded only the name of the migration, a second project that shares the database would get no
    tables of its own.
    """

    def __init__(self, name: str, app_label: str) -> None:
        """Let a prefixed label stand for this migration in Django's table of applied migrations."""
        super().__init__(name, app_label)
        if PREFIX:
            self.replaces = [(prefixed(app_label), name)]  # type: ignore[misc]  # Django sets it like this too
