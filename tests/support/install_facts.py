"""All facts of an install, in a form that can be compared between two runs of the same actions."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection

from config_app import store
from config_app.declaration.secret import Secret
from config_app.encryption.stored_secrets import decrypted
from config_app.live import runtime
from config_app.models import Change, Confirmation, Revision
from hub.models import User
from hub.runtime_config import schema
from setup_wizard.claiming import draft, tokens
from setup_wizard.models import SetupToken

RANDOM = {"workos_cookie_password", "database_path", "install_id"}
"""Settings with a different value in each run; a test compares only whether they are set."""


def facts() -> dict[str, Any]:
    """Return settings, history, people, sessions and the wizard's draft, and whether all of them agree."""
    return {
        "settings": settings(),
        "history": [list(row) for row in Revision.objects.values_list("number", "channel", "reason")],
        "changes": changes(),
        "archived": archived(),
        "confirmations": list(Confirmation.objects.values_list("revision", "outcome")),
        "people": list(User.objects.order_by("pk").values_list("email", "password", "is_active")),
        "sessions": Session.objects.count(),
        "draft": staged(),
        "has_token": tokens.is_usable(),
        "holders": SetupToken.objects.exclude(used_at=None).count(),
        "history_agrees": history_agrees(),
        "drifted": store.read().drifted,
        "integrity": integrity(),
    }


def settings() -> dict[str, Any]:
    """Return the value of each setting; secrets are shown."""
    config = runtime.reload().config
    return {key: shown(key, schema.value(config, key)) for key in schema.settings}


def shown(key: str, value: Any) -> Any:
    """Return a value in a form that can be compared with the same setting of another run."""
    if key in RANDOM:
        return value is not None
    return value.reveal() if isinstance(value, Secret) else value


def changes() -> list[Any]:
    """Return the history's changes; for a secret or random value, only whether there is a new value."""
    found = Change.objects.order_by("pk").values_list("revision", "key", "new_value", "is_secret")
    return [[n, key, bool(new) if secret or key in RANDOM else new] for n, key, new, secret in found]


def archived() -> list[Any]:
    """Return the secrets in the history, decrypted; for a random one, only whether it can be decrypted."""
    found = Change.objects.filter(is_secret=True).order_by("pk").values_list("key", "old_value", "new_value")
    return [[key, *(text and _readable(key, text) for text in texts)] for key, *texts in found]


def _readable(key: str, text: str) -> Any:
    plain = decrypted(schema[key], text)
    return key in RANDOM or plain


def history_agrees() -> bool:
    """Return whether the rows are equal to the newest values in the history."""
    rows = {key: row.value for key, row in store.read().rows.items() if key in schema.settings}
    said = {key: text for key, text in store.latest_texts().items() if key in schema.settings}
    return rows == {key: text for key, text in said.items() if text is not None}


def staged() -> Any:
    """Return the input that the wizard has saved so far."""
    found = draft.load()
    secrets = {key: found.secret(key) for key in found.secrets}
    return [found.steps, {key: s.reveal() for key, s in secrets.items() if s}, found.password]


def integrity() -> list[Any]:
    """Return the lines of SQLite's integrity check; an empty list on other databases."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            return []
        return list(cursor.execute("PRAGMA integrity_check").fetchall())
