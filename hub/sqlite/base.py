"""A Django database backend for SQLite that never creates a file. Its ``ENGINE`` is ``hub.sqlite``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base, creation


class DatabaseCreation(creation.DatabaseCreation):
    """Creates the databases for tests."""

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        """Create the file of the test database, because connecting does not create it."""
        name: str = super()._create_test_db(verbosity, autoclobber, keepdb)  # type: ignore[misc]
        if not self.is_in_memory_db(name):
            Path(name).touch(mode=0o600)
        return name


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to an existing SQLite file. If the file is missing, connecting fails."""

    # If the file was moved away, SQLite itself would create an empty database, and the next start would treat
    # it as a new install. Only the bootstrap creates the file.
    creation_class = DatabaseCreation

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's connection parameters. The URI of the file forbids SQLite to create the file."""
        params: dict[str, Any] = super().get_connection_params()
        if not self.is_in_memory_db():
            params["database"] = f"{Path(params['database']).as_uri()}?mode=rw"
        return params
