"""Exports the current settings as a document."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from config_app.live.resolution import Resolution, read_with_keyring, read_without_keyring
from config_app.live.snapshot import read_known
from config_app.project import get_schema
from config_app.transfer.document import Document
from config_app.transfer.selection import EVERYTHING, Selection


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """An exported document, and notes about the export for the person who exports."""

    document: Document
    notes: tuple[str, ...]


def export(selection: Selection = EVERYTHING, *, with_secrets: bool = False) -> Export:
    """Return a document with the current values of the selected settings, and notes about the export.

    A setting without a row has its default, so it is not exported. Settings that only code may change are
    not exported either. Secrets are exported only if ``with_secrets`` is true.

    Raise ``ConfigError`` if a secret is to be exported but cannot be decrypted.
    """
    schema, known = get_schema(), read_known(read_with_keyring if with_secrets else read_without_keyring)
    stored, resolution = known.stored, known.resolution
    carried = [s for s in schema.settings.values() if _is_carried(s, selection, with_secrets=with_secrets)]
    settings = [s for s in carried if s.key in stored.rows and s.key in resolution.values]
    if with_secrets:
        _refuse_unreadable(settings, carried, resolution)
    omitted = (s.key for s in schema.settings.values() if not s.managed and s not in carried)
    document = Document(
        settings={s.key: _exported(s, resolution.values[s.key]) for s in settings},
        omitted=tuple(omitted),
        revision=stored.revision,
        exported_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        has_secrets=any(s.is_secret for s in settings),
    )
    return Export(document, tuple(_notes(carried, resolution)))


def _is_carried(setting: Setting, selection: Selection, *, with_secrets: bool) -> bool:
    if setting.managed or selection.leaves_to_machine(setting) or not selection.covers(setting.key):
        return False
    return with_secrets or not setting.is_secret


def _refuse_unreadable(settings: list[Setting], carried: list[Setting], resolution: Resolution[Any]) -> None:
    lost = [s.key for s in carried if s.is_secret and s.key in resolution.refused and s not in settings]
    if lost:
        raise ConfigError(
            f"{', '.join(lost)}: this install's keys cannot decrypt the stored secret",
            keys=lost,
            fix=f"enter the secret again, or leave it out with --except {','.join(lost)}",
        )


def _notes(carried: list[Setting], resolution: Resolution[Any]) -> list[str]:
    refused = [s.key for s in carried if s.key in resolution.refused]
    return [f"{key}: the stored value is not valid; the export has the last good value" for key in refused]


def _exported(setting: Setting, value: Any) -> Any:
    """Return a value as JSON data. When this data is imported, the setting gets the same value."""
    text = setting.serialise_optional(value)
    if isinstance(value, Secret):
        return text
    try:
        # Numbers, booleans and lists stay readable. Other values, such as dates, become text.
        as_json = json.loads(json.dumps(value, allow_nan=False))
        return as_json if setting.canonical(as_json) == text else text
    except (TypeError, ValueError, ConfigError):
        return text
