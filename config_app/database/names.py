"""The names of the tables, indexes and triggers, with the prefix in ``CONFIG_APP["TABLE_PREFIX"]``.

Two projects with different prefixes can share one database. A change in one project does not wake the
processes of the other project.
"""

from __future__ import annotations

import re

from django.db.backends.utils import truncate_name

from config_app.database.options import NotConfigured, option

LONGEST_PREFIX = 30
"""The maximum length of a prefix. PostgreSQL cuts off names after 63 characters; our longest name has 26."""
LONGEST_INDEX = 30
"""The maximum length that Django allows for the name of an index."""
# SQLite reserves names that begin with sqlite_. Raw SQL has no quotes, so capital letters would not work.
_PREFIX = re.compile(rf"(?!sqlite_)[a-z][a-z0-9_]{{0,{LONGEST_PREFIX - 1}}}")


def check_prefix() -> None:
    """Raise ``NotConfigured`` if ``CONFIG_APP["TABLE_PREFIX"]`` cannot be a prefix of table names."""
    found = option("TABLE_PREFIX", "")
    if found != "" and not (isinstance(found, str) and _PREFIX.fullmatch(found)):
        raise NotConfigured(
            'CONFIG_APP["TABLE_PREFIX"] is not a valid prefix for names of tables: expected at most '
            f"{LONGEST_PREFIX} lower-case letters, digits and underscores, starting with a letter",
            fix='choose a prefix such as "shop_"',
        )


def prefixed(name: str) -> str:
    """Return the name of a table, trigger, function, constraint or channel, with the project's prefix."""
    return f"{PREFIX}{name}"


def index(name: str) -> str:
    """Return the name of an index, with the project's prefix.

    If the name is too long, a hash replaces the end of the name.
    """
    return truncate_name(prefixed(name), LONGEST_INDEX)


PREFIX = str(option("TABLE_PREFIX", ""))
"""The project's prefix, or an empty text. Django reads table names only once, so the prefix never changes."""
