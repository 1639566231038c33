"""The variables that every start reads. These variables only say where the database, key and files are."""

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
        help="The instance directory. It holds the database, the key file, the setup token and the backups, "
        "and only the hub's user may open it (0700). A relative path starts at the folder of manage.py.",
    ),
    ProcessVariable(
        name=DATABASE_URL,
        help="The database on a server, such as postgres://user:password@host:5432/name. "
        f"If it is set, {DATABASE_PATH} is ignored.",
    ),
    ProcessVariable(
        name=DATABASE_PATH,
        default="data/hub.db",
        help="The SQLite file; by default hub.db in the instance directory.",
    ),
    ProcessVariable(
        name=ENCRYPTION_KEY,
        help="A key of at least 32 characters that unlocks the secrets on any machine. Use it for containers "
        "and if several machines share one database.",
    ),
    ProcessVariable(
        name=ENCRYPTION_KEY_FILE,
        help=f"A file that holds the key that unlocks the secrets. Use it instead of {ENCRYPTION_KEY}. "
        "If the file cannot be read, the hub does not start.",
    ),
    ProcessVariable(
        name=ENV_FILE,
        default=".env",
        in_env_file=False,
        help="The file that the first start imports. A relative path starts at the folder of manage.py.",
    ),
)
