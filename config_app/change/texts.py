"""The texts that a plan writes to the tables. A secret is kept in a ``Secret`` until it is encrypted."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from config_app.declaration.schema import Schema, Setting
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.encryption import enrolment, install_keyring
from config_app.encryption.keyring import Keyring
from config_app.errors import ConfigError, InvalidPlan
from config_app.project import get_schema
from config_app.store import Edit

Text = str | Secret | None
"""The text to store in a row. The text of a secret is a ``Secret``. ``None`` means that no row is stored."""


def _under_current_keys(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``changes`` with the current key of each setting, and warn about each former key.

    Raise ``InvalidPlan`` if two of the keys belong to the same setting.
    """
    former = get_schema().former
    for old in former.keys() & changes.keys():
        if former[old] in changes:
            twice = f"{former[old]}: given twice, the second time under its former key {old}"
            raise InvalidPlan([ConfigError(twice, keys=(former[old],), fix=f"leave out {old}")])
        warnings.warn(f"the setting {old} is called {former[old]} now", DeprecationWarning, stacklevel=4)
    return {former.get(key, key): value for key, value in changes.items()}


def sealed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``changes`` with the text of each secret wrapped in a ``Secret``, which logs mask.

    Replace former keys of renamed settings by their current keys. Raise ``InvalidPlan`` if two of
    the keys belong to the same setting.
    """
    settings = get_schema().settings
    return {
        key: Secret(value)
        if isinstance(value, str) and key in settings and settings[key].is_secret
        else value
        for key, value in _under_current_keys(changes).items()
    }


def canonical_texts(schema: Schema[Any], changes: Mapping[str, Any], *, managed: bool) -> dict[str, Text]:
    """Return a dict that maps each key to the text to store.

    Raise ``InvalidPlan`` with all errors if keys or values are not valid.
    """
    texts: dict[str, Text] = {}
    errors: list[ConfigError] = []
    for key, value in changes.items():
        try:
            setting = schema[key] if managed else schema.writable(key)
            texts[key] = None if value is UNSET else _canonical(setting, value)
        except ConfigError as error:
            errors.append(error)
    if errors:
        raise InvalidPlan(errors)
    return texts


def _canonical(setting: Setting, value: Any) -> str | Secret:
    text = setting.canonical(value)
    return Secret(text) if setting.is_secret else text


def plain(text: Text) -> str | None:
    """Return ``text`` as a ``str``. Reveal the text of a ``Secret``. Return ``None`` for ``None``."""
    return text.reveal() if isinstance(text, Secret) else text


def encrypted(edits: Iterable[Edit]) -> list[Edit]:
    """Return all edits, with the new secrets encrypted.

    Call this function only within ``store.writing``. Raise ``KeyringLocked`` if no key unlocks the keyring.
    """
    edits = list(edits)
    if not any(_has_new_secret(edit) for edit in edits):
        return edits
    enrolment.ensure_keyring()
    keyring = install_keyring.newest_keyring()
    return [_encrypt(edit, keyring) if _has_new_secret(edit) else edit for edit in edits]


def _has_new_secret(edit: Edit) -> bool:
    return edit.is_secret and edit.new is not None and not edit.refused


def _encrypt(edit: Edit, keyring: Keyring) -> Edit:
    return dataclasses.replace(edit, new=keyring.encrypt(edit.key, edit.new or ""))
