"""Turns a submitted form into a plan, and shows each error at the field that caused the error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from config_app.admin.current import Current
from config_app.change.plan import Plan, plan
from config_app.declaration.forms import BASE_REVISION, ConfigurationForm, RevisionForm
from config_app.errors import ConfigError, StaleRevision

T = TypeVar("T")


def make_form(
    current: Current,
    user: Any,
    data: Mapping[str, Any] | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
) -> ConfigurationForm:
    """Return a form with the settings that ``user`` may change.

    If ``kept`` has a text for a setting, the form shows this text. Otherwise, the form shows the current
    value of the setting.
    """
    return ConfigurationForm(
        current.changeable(user),
        current.values(),
        data,
        stored=current.stored.rows.keys(),
        refused=current.refused,
        initial={BASE_REVISION: current.revision, **(kept or {})},
    )


def submit(form: ConfigurationForm, current: Current, act: Callable[[Plan], T]) -> T | None:
    """Make a plan from a submitted form, call ``act`` with the plan and return the result.

    If the form is not valid, or if the plan or ``act`` raises a ``ConfigError``, add the errors to ``form``
    and return ``None``. Raise ``StaleRevision`` if the configuration has changed since the form was loaded.
    """
    # Refuse a stale form before validating it: its values may have been valid when it was loaded.
    refuse_stale(form, current.revision)
    return attempt(form, lambda: act(plan(form.changes(), form.base_revision, known=current.known)))


def refuse_stale(form: RevisionForm, revision: int) -> None:
    """Raise ``StaleRevision`` if the configuration has changed since the form was loaded.

    ``revision`` is the number of the newest revision.
    """
    if form.base_revision is not None and form.base_revision != revision:
        raise StaleRevision(form.base_revision, revision)


def attempt(form: RevisionForm, act: Callable[[], T]) -> T | None:
    """If the form is valid, call ``act`` and return the result. Otherwise, return ``None``.

    If ``act`` raises a ``ConfigError``, add this error to the form and return ``None``. But if ``act`` raises
    ``StaleRevision``, let the caller handle this error.
    """
    if not form.is_valid():
        return None
    try:
        return act()
    except StaleRevision:
        raise
    except ConfigError as error:
        form.add_config_error(error)
        return None
