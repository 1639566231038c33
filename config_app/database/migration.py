"""The base class of config_app's migrations."""

from __future__ import annotations

from django.db import migrations

from config_app.database.names import PREFIX, prefixed


class ConfigMigration(migrations.Migration):
    """A migration that Django records separately for each prefix of the tables.

    Two projects with different prefixes can share one database. If Django recorded only the name of the
    migration, Django would not create the tables of the second project.
    """

    def __init__(self, name: str, app_label: str) -> None:
        """Create the migration. If there is a prefix, Django records the prefix with the app label."""
        super().__init__(name, app_label)
        if PREFIX:
            self.replaces = [(prefixed(app_label), name)]  # type: ignore[misc]  # Django sets it like this too
