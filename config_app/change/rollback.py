"""Plan a rollback: return every setting to its value right after an earlier revision."""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from config_app import store
from config_app.change.adoption import unrecorded
from config_app.change.plan import Plan, plan
from config_app.declaration.unset import UNSET
from config_app.errors import ConfigError
from config_app.live.resolution import read_with_keyring
from config_app.models import Change, Revision
from config_app.project import get_schema
from config_app.store.failures import database_errors


def plan_rollback(number: int, base_revision: int | None = None) -> Plan:
    """Return a plan that returns every setting to its value right after revision ``number``.

    Managed settings keep their current value. Raise ``ConfigError`` if the revision does not exist or if
    a secret of that time cannot be decrypted.
    """
    with database_errors():
        if not Revision.objects.filter(pk=number).exists():
            raise ConfigError(f"revision {number} does not exist; config history lists the revisions")
        texts = _texts_after(number)
    return plan(dict(_values(texts)), base_revision)


def _texts_after(number: int) -> dict[str, str | None]:
    """Return the text right after revision ``number`` for each key that has changed since.

    ``None`` means that the setting had its default.
    """
    later = Change.objects.filter(revision__number__gt=number).order_by()
    changed = {*later.values_list("key", flat=True).distinct(), *unrecorded(store.read())}
    then = Change.objects.filter(revision__number__lte=number, refused=False, key__in=changed).order_by()
    newest = then.values("key").annotate(newest=Max("pk")).values("newest")
    texts = dict.fromkeys(sorted(changed))
    return texts | dict(Change.objects.filter(pk__in=newest).values_list("key", "new_value"))


def _values(texts: dict[str, str | None]) -> list[tuple[str, Any]]:
    settings = get_schema().settings
    return [
        (key, UNSET if text is None else read_with_keyring(settings[key], text))
        for key, text in texts.items()
        if key in settings and not settings[key].managed
    ]
