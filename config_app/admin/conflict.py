"""Editing conflicts: what others changed meanwhile, and which of the person's own input is kept (R8)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.db.models import Min

from config_app import store
from config_app.admin.current import Current
from config_app.admin.differences import in_words
from config_app.declaration.forms import REASON, ConfigurationForm
from config_app.declaration.schema import Setting
from config_app.errors import ConfigError
from config_app.models import Change, Revision
from config_app.presentation.changes import change_rows
from config_app.project import get_schema
from config_app.store.failures import database_errors

SHOWN = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """What the editor shows when a person saves a page that is no longer current.

    ``revisions`` are those made since the page was loaded, newest first. ``kept`` maps field names to the
    person's own input. ``clashes`` maps keys to what others did to the same settings. ``lost_secrets`` has
    the labels of the secrets to enter again.
    """

    revisions: list[Revision]
    kept: Mapping[str, Any]
    clashes: Mapping[str, str]
    lost_secrets: list[str]


def find_conflict(form: ConfigurationForm, current: Current) -> Conflict:
    """Return how a submitted form conflicts with the revisions made since the form was loaded."""
    base = form.base_revision or 0
    revisions = [r for r in store.history(limit=SHOWN) if r.number > base]
    before = _texts_before(base)
    own = [s for s in form.settings.values() if _is_own(form, s, current, before)]
    return Conflict(
        revisions=revisions,
        kept=_kept(form, own),
        clashes=_clashes({s.key for s in own} & before.keys(), revisions),
        # A page never sends a secret back to the browser, so the person must enter them again.
        lost_secrets=[s.label for s in own if s.is_secret],
    )


def _texts_before(base: int) -> dict[str, str | None]:
    """Return the text stored at revision ``base`` for each key changed since; ``None`` means "no row"."""
    first = Change.objects.filter(revision__gt=base).order_by().values("key").annotate(first=Min("pk"))
    changes = Change.objects.filter(pk__in=first.values("first")).order_by("-pk")
    schema = get_schema()
    with database_errors():
        return {schema.present_key(key): text for key, text in changes.values_list("key", "old_value")}


def _is_own(
    form: ConfigurationForm, setting: Setting, current: Current, before: Mapping[str, str | None]
) -> bool:
    """Return whether the submitted value is the person's own and not just what the page had shown."""
    if any(tick.data for tick in form.ticks(setting.key)):
        return True
    if not form.is_posted(setting):
        return False
    value = current.value(setting.key)
    if setting.key in before and not setting.is_secret:
        value = _value(setting, before[setting.key])
    field = form.fields[setting.key]
    return field.has_changed(value, form[setting.key].data)


def _value(setting: Setting, text: str | None) -> Any:
    try:
        return setting.default if text is None else setting.parse(text)
    except ConfigError:
        return None  # The text was not valid then either, so the value that the page showed is unknown.


def _kept(form: ConfigurationForm, own: list[Setting]) -> dict[str, Any]:
    kept: dict[str, Any] = {REASON: form[REASON].data}
    for setting in own:
        if not setting.is_secret:
            kept[setting.key] = form[setting.key].data
        kept |= {tick.name: bool(tick.data) for tick in form.ticks(setting.key)}
    return kept


def _clashes(keys: set[str], revisions: list[Revision]) -> dict[str, str]:
    """Return a sentence for each of ``keys``: who changed it last, and to what."""
    found: dict[str, str] = {}
    for revision in revisions:
        for row in change_rows(revision):
            if row.key in keys and not row.refused:
                found.setdefault(
                    row.key, f"{revision.actor or revision.channel} changed it: {in_words([row])}."
                )
    return found
