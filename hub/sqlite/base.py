"""Django's SQLite backend, for files that exist: ``hub.sqlite`` as the engine of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base, creation


class DatabaseCreation(creation.DatabaseCreation):
    """Creates databases for tests."""

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        """Create the file, which connecting does not."""
        name: str = super()._create_test_db(verbosity, autoclobber, keepdb)  # type: ignore[misc]
        if not self.is_in_memory_db(name):
            Path(name).touch(mode=0o600)
        return name


class DatabaseWrapper(base.DatabaseWrapper):
    """Opens a file or fails.

    SQLite itself makes an empty database where the file was moved away, and the next start would take
    that for a new install. Only the bootstrap creates the file.
    """

    creation_class = DatabaseCreation

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's parameters with the file named by a URI that forbids creating it."""
        params: dict[str, Any] = super().get_connection_params()
        if not self.is_in_memory_db():
            params["database"] = f"{Path(params['database']).as_uri()}?mode=rw"
        return params
