"""Compare the database that a variable names with the database in use."""

from __future__ import annotations

from django.conf import settings

from hub.database.location import database_from_url, sqlite_database
from hub.environment.instance import DATABASE_URL, Instance


def database_differs(variable: str, text: str, instance: Instance) -> bool:
    """Return whether ``variable`` with the value ``text`` names another database than ``instance``.

    Also return ``True`` if ``text`` is not valid.
    """
    parse = database_from_url if variable == DATABASE_URL else sqlite_database
    try:
        return parse(text, settings.BASE_DIR).label != instance.database_label
    except ValueError:
        return True
