"""What an install lacks before it has a configuration, or before this version can read it."""

from __future__ import annotations

from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.faults import is_locked
from config_app.project import Problem
from hub import migration
from hub.bootstrap import BootstrapState, get_bootstrap_state

NEVER_STARTED = {
    BootstrapState.NO_DATABASE: "there is no database yet",
    BootstrapState.EMPTY_DATABASE: "there is a database, but nothing in it yet",
}
HOW_TO_START = "run manage.py bootstrap or manage.py serve"


def lacking() -> Problem | None:
    """Return what an install that was never started lacks; raise ``ConfigError`` where it cannot be read."""
    try:
        state = get_bootstrap_state()
    except DatabaseUnavailable as error:
        # To ask a locked database once more would take as long again.
        raise (None if is_locked(error.__cause__) else _outdated()) or error from None
    message = NEVER_STARTED.get(state)
    return None if message is None else Problem(code=state.value, message=message, fix=HOW_TO_START)


def _outdated() -> ConfigError | None:
    """Return the diagnosis where the database is merely older than the code."""
    if not migration.applied_migrations() or not migration.pending():
        return None  # nothing in it is not an older version of something
    return ConfigError("the database was made by an earlier version", fix=f"{HOW_TO_START}, which updates it")
