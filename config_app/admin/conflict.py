"""Editing conflicts: another person changed the configuration while a form was open in a browser."""

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
    """What the editor shows when a person saves a form after the configuration has changed.

    - ``revisions``: the revisions made since the form was loaded, newest first.
    - ``kept``: maps each field name to what the person entered; secrets are left out.
    - ``clashes``: a dict that maps the key of a setting to a sentence about another person's change. It has
      each setting that this person and another person have changed.
    - ``lost_secrets``: the labels of the secrets that the person must enter again.
    """

    revisions: list[Revision]
    kept: Mapping[str, Any]
    clashes: Mapping[str, str]
    lost_secrets: list[str]


def find_conflict(form: ConfigurationForm, current: Current) -> Conflict:
    """Compare a submitted form with the revisions made since the form was loaded. Return the conflict."""
    base = form.base_revision or 0
    revisions = [r for r in store.history(limit=SHOWN) if r.number > base]
    before = _texts_before(base)
    own = [s for s in form.settings.values() if _is_own(form, s, current, before)]
    return Conflict(
        revisions=revisions,
        kept=_kept(form, own),
        clashes=_clashes({s.key for s in own} & before.keys(), revisions),
        # The server never sends a secret back to the browser, so the person must enter it again.
        lost_secrets=[s.label for s in own if s.is_secret],
    )


def _texts_before(base: int) -> dict[str, str | None]:
    """Return the earlier text of each setting that has changed since revision ``base``.

    The dict maps the key of the setting to the text that the row contained at revision ``base``. ``None``
    means that the setting had no row.
    """
    first = Change.objects.filter(revision__gt=base).order_by().values("key").annotate(first=Min("pk"))
    changes = Change.objects.filter(pk__in=first.values("first")).order_by("-pk")
    schema = get_schema()
    with database_errors():
        return {schema.current_key(key): text for key, text in changes.values_list("key", "old_value")}


def _is_own(
    form: ConfigurationForm, setting: Setting, current: Current, before: Mapping[str, str | None]
) -> bool:
    """Return whether the submitted value of the setting differs from the value that the page showed."""
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
        return None  # The page did not show this invalid text but another value, which is not known here.


def _kept(form: ConfigurationForm, own: list[Setting]) -> dict[str, Any]:
    kept: dict[str, Any] = {REASON: form[REASON].data}
    for setting in own:
        if not setting.is_secret:
            kept[setting.key] = form[setting.key].data
        kept |= {tick.name: bool(tick.data) for tick in form.ticks(setting.key)}
    return kept


def _clashes(keys: set[str], revisions: list[Revision]) -> dict[str, str]:
    """Return a dict that maps each of ``keys`` to a sentence about the newest change of the setting.

    The sentence says who changed the setting, and what the old and the new value are. ``revisions`` must be
    sorted from the newest to the oldest. A setting that no revision changed is left out.
    """
    found: dict[str, str] = {}
    for revision in revisions:
        for row in change_rows(revision):
            if row.key in keys and not row.refused:
                found.setdefault(
                    row.key, f"{revision.actor or revision.channel} changed this setting: {in_words([row])}."
                )
    return found
