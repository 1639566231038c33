"""Backups of a hub that are uploaded in the setup wizard."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from config_app.errors import ConfigError
from config_app.live import runtime
from config_app.models import Revision
from config_app.store import Origin
from config_app.transfer.archive import UnreadableArchive
from hub.backup.keyring import read_contents
from hub.backup.restore import examine, restore
from hub.runtime_config import is_configured
from hub.serving.body_limit import Limit
from setup_wizard.product import Backup

LARGEST = 64 * 1024 * 1024
"""The size in bytes of the largest backup that can be uploaded."""
FORM = 64 * 1024
"""The largest size in bytes of everything in an upload form except for the uploaded file."""
PATH = "/setup/restore/"
COMMAND = "./manage.py restore FILE"
"""The command that restores a backup that is too large to upload."""


def examine_backup(path: Path) -> Backup:
    """Return what a backup contains.

    Raise ``ConfigError`` if the file is damaged or is not a backup.
    """
    with _without_path():
        header, contents = examine(path), read_contents(path)
    return Backup(
        made_at=header.created_at,
        version=header.version,
        revision=header.revision,
        accounts=header.accounts,
        **dataclasses.asdict(contents),
    )


def restore_backup(path: Path, origin: Origin) -> Revision:
    """Restore a backup in the current transaction. Return the revision that records the restore.

    Raise ``ConfigError`` if the backup cannot be restored.
    """
    with _without_path():
        created_at = examine(path).created_at
        named = dataclasses.replace(origin, reason=f"{origin.reason}: backup of {created_at}")
        return restore(path, named)


@contextlib.contextmanager
def _without_path() -> Iterator[None]:
    """During the ``with`` block, remove the file's path from error messages.

    A person in a browser cannot use the path.
    """
    try:
        yield
    except UnreadableArchive as error:
        raise ConfigError(f"the file cannot be restored: {error.why}", fix=error.fix) from None


def upload_limit(path: str) -> Limit | None:
    """Return the limit for the body of a request to ``path``. Return ``None`` if the usual limit applies.

    Only one page has a higher limit: the page on which people upload a backup to an unclaimed hub.
    """
    # Only an unclaimed hub has the page, so only an unclaimed hub needs to read so much.
    if path != PATH or is_configured(runtime.get_config()):
        return None
    text = f"The file is larger than {LARGEST // 1024**2} MB. Copy it to the server, and run {COMMAND}.\n"
    return Limit(LARGEST + FORM, text.encode())
