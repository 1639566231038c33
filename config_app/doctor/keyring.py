"""Checks of the keyring and of the secrets. No check reports the value of a secret."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

from config_app import store
from config_app.declaration.reserved import SALT_KEY
from config_app.encryption import enrolment, install_keyring, key_tables, slot_management
from config_app.encryption.stored_secrets import decrypted
from config_app.errors import DecryptionFailed, is_key_shaped
from config_app.live.resolution import UNREADABLE
from config_app.models import Change
from config_app.presentation.keyring import recovery
from config_app.presentation.overview import Overview
from config_app.problems import Check, Finding, Problem
from config_app.project import get_schema

MOST_NAMES = 5
"""The maximum number of revisions that one message about unreadable secrets names."""


def keyring(overview: Overview) -> Finding:
    """Check that every available key unlocks the keyring, and that this install made every slot.

    Raise ``KeyringLocked`` if no available key unlocks the keyring.
    """
    kinds = enrolment.slot_kinds()
    if not kinds and not install_keyring.exists():
        return Finding("there is no keyring yet; the first secret creates it")
    opening = enrolment.opening_kinds()
    openers = " and ".join(kind for kind, opens in opening.items() if opens)
    text = f"{_slots(kinds)}; unlocked here by {openers}"
    if len(kinds) == 1:
        text += "; this is the only key, so keep a copy of it, but not with the backups of the database"
    problems = *_without_slot(opening), *_not_genuine(), *recovery(overview.config)
    return Finding(text, problems)


def _slots(kinds: list[str]) -> str:
    """Return a text such as ``2 slots: machine, shared``."""
    named = [kind if count == 1 else f"{kind} ×{count}" for kind, count in Counter(kinds).items()]
    return f"{len(kinds)} slot{'' if len(kinds) == 1 else 's'}: {', '.join(named)}"


def _without_slot(opening: dict[str, bool]) -> Iterator[Problem]:
    for kind, opens in opening.items():
        if opens:
            continue
        if kind in enrolment.retired_kinds():
            message = f"the configured {kind} key was retired, so it unlocks nothing"
            yield Problem(code="key_retired", message=message, fix="configure another key, or none")
            continue
        fix = "the next start creates a slot for this key; if the key is wrong, correct it first"
        yield Problem(code="key_without_slot", message=f"the available {kind} key unlocks no slot", fix=fix)


def _not_genuine() -> Iterator[Problem]:
    for slot in slot_management.list_slots():
        if slot.is_genuine is False:
            message = f"slot {slot.id} was altered, or this install did not make this slot"
            fix = f"find out who can write to the database, then run manage.py config keys remove {slot.id}"
            yield Problem(code="slot_not_genuine", message=message, fix=fix, severity="error")


def secrets(overview: Overview) -> Finding:
    """Check that every current secret is encrypted and can be decrypted."""
    found = [problem for problem in overview.stored_problems if problem.code == UNREADABLE]
    problems = [dataclasses.replace(problem, severity="error") for problem in found]
    unknown = _of_another_version()
    problems += [_unreadable_row(key) for key in unknown if not _decrypts(key, unknown[key])]
    stored = [entry for entry in overview.entries.values() if entry.setting.is_secret and entry.is_stored]
    total = len(stored) + len(unknown)
    return Finding(f"{total - len(problems)} of {total} can be decrypted", tuple(problems))


def _of_another_version() -> dict[str, str]:
    """Return the stored secrets that belong to no setting of this version, as ``{key: ciphertext}``."""
    known = {*get_schema().settings, SALT_KEY}
    return {key: row.value for key, row in store.read().rows.items() if row.is_secret and key not in known}


def _decrypts(key: str, ciphertext: str) -> bool:
    setting = get_schema().settings.get(get_schema().current_key(key))
    try:
        if setting is None:
            install_keyring.decrypt(key, ciphertext)
        else:
            decrypted(setting, ciphertext)
    except DecryptionFailed:
        return False
    return True


def _unreadable_row(key: str) -> Problem:
    name = key if is_key_shaped(key) else "a row whose name is not a valid key"
    message = f"{name}: the stored secret cannot be decrypted, and this version has no such setting"
    return Problem(
        code=UNREADABLE, message=message, fix="run manage.py config prune to remove the row", severity="error"
    )


def archived_secrets(_overview: Overview) -> Finding:
    """Check that every secret in the history can be decrypted.

    Raise ``KeyringLocked`` if no key unlocks the keyring.
    """
    # A rollback needs these secrets.
    archived, failed = _archived(), dict[str, set[int]]()
    for key, revision, ciphertext in archived:
        if not _decrypts(key, ciphertext):
            failed.setdefault(key, set()).add(revision)
    readable = len(archived) - sum(map(len, failed.values()))
    return Finding(
        f"{readable} of {len(archived)} can be decrypted",
        tuple(_lost(key, failed[key]) for key in sorted(failed)),
    )


def _archived() -> list[tuple[str, int, str]]:
    """Return the key, revision and ciphertext of every secret in the history."""
    found = Change.objects.filter(key_tables.has_ciphertext("new_value"), is_secret=True)
    return [(change.key, change.revision_id, change.new_value or "") for change in found]


def _lost(key: str, revisions: set[int]) -> Problem:
    numbers = [str(number) for number in sorted(revisions)]
    more = f" and {len(numbers) - MOST_NAMES} more" if len(numbers) > MOST_NAMES else ""
    name = key if is_key_shaped(key) else "a setting whose name is not a valid key"
    return Problem(
        code="archived_secret_unreadable",
        message=f"{name}: the secret of revision {', '.join(numbers[:MOST_NAMES])}{more} cannot be decrypted",
        fix="this matters only if you roll back to such a revision; then enter the secret again",
        keys=(key,) if is_key_shaped(key) else (),
    )


CHECKS: tuple[Check, ...] = (keyring, secrets, archived_secrets)
