"""The variables that every start reads: they say where the database and the key are, nothing else."""

from __future__ import annotations

from config_app.project import ProcessVariable
from hub.environment.instance import (
    DATA_DIR,
    DATABASE_PATH,
    DATABASE_URL,
    ENCRYPTION_KEY,
    ENCRYPTION_KEY_FILE,
    ENV_FILE,
)

VARIABLES = (
    ProcessVariable(
        name=DATA_DIR,
        default="data",
        in_env_file=False,
        help="The instance directory, for this user alone (0700): database, key file, setup token, backups. "
        "A relative path starts at the folder of manage.py.",
    ),
    ProcessVariable(
        name=DATABASE_URL,
        help="The database on a server, such as postgres://user:password@host:5432/name. "
        f"Wins over {DATABASE_PATH}.",
    ),
    ProcessVariable(
        name=DATABASE_PATH,
        default="data/hub.db",
        help="The SQLite file; by default hub.db in the instance directory.",
    ),
    ProcessVariable(
        name=ENCRYPTION_KEY,
        help="A key of at least 32 characters that unlocks the secrets on any machine: for several machines "
        "on one database, and for containers.",
    ),
    ProcessVariable(
        name=ENCRYPTION_KEY_FILE,
        help=f"A file that holds that key, instead of {ENCRYPTION_KEY}. "
        "One that cannot be read is an error, never a fallback.",
    ),
    ProcessVariable(
        name=ENV_FILE,
        default=".env",
        in_env_file=False,
        help="The file that the first start imports. A relative path starts at the folder of manage.py.",
    ),
)
