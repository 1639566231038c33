"""A file in the instance directory. The file names the database in which this hub was claimed.

Without this file, a claimed hub would look like a new hub when its database is not mounted, or when the
environment names another database. The hub would then offer the setup wizard to the next visitor.
"""

from __future__ import annotations

import json
from pathlib import Path

from config_app.encryption.private_files import LARGEST, read_regular, replace
from config_app.errors import DatabaseUnavailable
from config_app.live.hooks import on_change
from hub.environment.env_import import instance
from hub.runtime_config import RuntimeConfig, is_configured
from setup_wizard.claiming import tokens

FROM_SCRATCH = "manage.py bootstrap --from-scratch"


def follow_configuration() -> None:
    """Register a hook that updates the record when the hub is claimed or reset."""

    @on_change("app_mode", "setup_completed")
    def follow(_old: RuntimeConfig, new: RuntimeConfig) -> None:
        keep(is_claimed=is_configured(new))


def keep(*, is_claimed: bool) -> None:
    """If the hub is claimed, write the record and remove a setup token that is left over.

    Otherwise remove the record.

    Raise ``OSError`` if the instance directory cannot be written.
    """
    if not is_claimed:
        _path().unlink(missing_ok=True)
        return
    tokens.remove_invalid_file()
    if _recorded() != instance().database_label:
        replace(_path(), json.dumps({"database": instance().database_label}).encode() + b"\n")


def refuse_to_start_anew() -> None:
    """Raise ``DatabaseUnavailable`` if this hub was claimed.

    Call this function only if the database is missing, has no tables or was never claimed.
    """
    if (recorded := _recorded()) is None:
        return
    here = instance().database_label
    earlier = "" if recorded == here else f" (it was claimed in {recorded})"
    raise DatabaseUnavailable(
        f"this hub was claimed, but {here} contains no hub{earlier}",
        "mount or name the right database, restore a backup with manage.py restore, or run "
        f"{FROM_SCRATCH} to start a new, unclaimed hub",
    )


def _path() -> Path:
    return instance().data_dir / "claimed.json"


def _recorded() -> str | None:
    """Return the name of the database in which the hub was claimed.

    Return ``None`` if the hub was not claimed. Return "unknown" if the record exists but cannot be read.
    """
    try:
        return str(json.loads(read_regular(_path(), LARGEST))["database"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError):
        return "unknown"
