"""Plans a rollback: every setting gets back the value that it had after an earlier revision."""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from config_app import store
from config_app.change.adoption import unrecorded
from config_app.change.plan import Plan, plan
from config_app.declaration.schema import Setting
from config_app.declaration.unset import UNSET
from config_app.errors import ConfigError
from config_app.live.resolution import read_with_keyring, refuse_former_secret
from config_app.models import Change, Revision
from config_app.project import get_schema
from config_app.store.failures import database_errors


def plan_rollback(number: int, base_revision: int | None = None, *, from_shell: bool = False) -> Plan:
    """Return a plan that gives every setting the value that it had right after revision ``number``.

    ``from_shell`` has the same meaning as for ``plan``. Managed settings keep their current values. Raise
    ``ConfigError`` if the revision does not exist, if the history begins after the revision, or if a secret
    from that time cannot be decrypted.
    """
    with database_errors():
        if 0 < number < (first := store.first_complete()):
            raise ConfigError(
                f"revision {number} is older than revision {first}, with which the history begins",
                fix=f"choose revision {first} or a later one",
            )
        if not Revision.objects.filter(pk=number).exists():
            raise ConfigError(f"revision {number} does not exist; manage.py config history lists them")
        accepted = _accepted_until(number)
    return plan(dict(_values(accepted)), base_revision, from_shell=from_shell)


def _accepted_until(number: int) -> dict[str, Change | None]:
    """Return a dict with the settings that have changed since revision ``number``.

    The dict maps the key of each setting to the last change that was accepted, up to and including revision
    ``number``. ``None`` means that there is no such change. Then the setting had its default.
    """
    schema = get_schema()
    later = Change.objects.filter(revision__number__gt=number).order_by()
    found = {*later.values_list("key", flat=True).distinct(), *unrecorded(store.read())}
    changed = {schema.current_key(key) for key in found}
    names = {name for key in changed for name in schema.names(key)}
    then = Change.objects.filter(revision__number__lte=number, refused=False, key__in=names).order_by()
    newest = then.values("key").annotate(newest=Max("pk")).values("newest")
    accepted: dict[str, Change | None] = dict.fromkeys(sorted(changed))
    return accepted | store.newest_by_key(Change.objects.filter(pk__in=newest))


def _values(accepted: dict[str, Change | None]) -> list[tuple[str, Any]]:
    settings = get_schema().settings
    return [
        (key, _value(settings[key], change))
        for key, change in accepted.items()
        if key in settings and not settings[key].managed
    ]


def _value(setting: Setting, change: Change | None) -> Any:
    if change is None or change.new_value is None:
        return UNSET
    refuse_former_secret(setting, is_secret=change.is_secret)
    return read_with_keyring(setting, change.new_value)
