"""Two people at once: what the others changed, and what of one's own input is kept (R8)."""

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
from config_app.store.failures import database_errors

SHOWN = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """What to show whoever saves a page that is no longer current.

    ``kept`` is their own input by field name, ``clashes`` what others did to the same settings, by key.
    """

    revisions: list[Revision]
    kept: Mapping[str, Any]
    clashes: Mapping[str, str]
    lost_secrets: list[str]


def find_conflict(form: ConfigurationForm, current: Current) -> Conflict:
    """Compare a submitted form with what happened since the revision that it was made for."""
    base = form.base_revision or 0
    revisions = [r for r in store.history(limit=SHOWN) if r.number > base]
    before = _texts_before(base)
    own = [s for s in form.settings.values() if _is_own(form, s, current, before)]
    return Conflict(
        revisions=revisions,
        kept=_kept(form, own),
        clashes=_clashes({s.key for s in own} & before.keys(), revisions),
        lost_secrets=[s.label for s in own if s.is_secret],
    )


def _texts_before(base: int) -> dict[str, str | None]:
    """Return the text that was stored at revision ``base`` for each key that changed since."""
    first = Change.objects.filter(revision__gt=base).order_by().values("key").annotate(first=Min("pk"))
    changes = Change.objects.filter(pk__in=first.values("first"))
    with database_errors():
        return dict(changes.values_list("key", "old_value"))


def _is_own(
    form: ConfigurationForm, setting: Setting, current: Current, before: Mapping[str, str | None]
) -> bool:
    """Tell whether the person entered something, rather than sent back what the page had shown."""
    if any(tick.data for tick in form.ticks(setting.key)):
        return True
    value = current.value(setting.key)
    if setting.key in before and not setting.is_secret:
        value = _value(setting, before[setting.key])
    field = form.fields[setting.key]
    return field.has_changed(value, form[setting.key].data)


def _value(setting: Setting, text: str | None) -> Any:
    try:
        return setting.default if text is None else setting.parse(text)
    except ConfigError:
        return None  # was not in force then either, so what the page showed is not known


def _kept(form: ConfigurationForm, own: list[Setting]) -> dict[str, Any]:
    kept: dict[str, Any] = {REASON: form[REASON].data}
    for setting in own:
        if not setting.is_secret:
            kept[setting.key] = form[setting.key].data
        kept |= {tick.name: bool(tick.data) for tick in form.ticks(setting.key)}
    return kept


def _clashes(keys: set[str], revisions: list[Revision]) -> dict[str, str]:
    """Say who last changed each of ``keys``, and to what."""
    found: dict[str, str] = {}
    for revision in revisions:
        for row in change_rows(revision):
            if row.key in keys and not row.refused:
                found.setdefault(
                    row.key, f"{revision.actor or revision.channel} changed it: {in_words([row])}."
                )
    return found
