"""Turning a submitted form into a plan; an error in a value is shown at its field."""

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

    It shows the values in force, or the person's own input in ``kept``.
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
    """Call ``act`` with the plan of a submitted form and return its result.

    Return ``None`` if the form has errors now. Raise ``StaleRevision`` if the form was loaded at another
    revision than the newest.
    """
    # A stale page is refused first: its input may have been right when the page was loaded.
    refuse_stale(form, current.revision)
    return attempt(form, lambda: act(plan(form.changes(), form.base_revision, known=current.known)))


def refuse_stale(form: RevisionForm, revision: int) -> None:
    """Raise ``StaleRevision`` if the form was loaded at another revision than ``revision``."""
    if form.base_revision is not None and form.base_revision != revision:
        raise StaleRevision(form.base_revision, revision)


def attempt(form: RevisionForm, act: Callable[[], T]) -> T | None:
    """Call ``act`` if the form is valid and return its result, otherwise ``None``.

    A ``ConfigError`` becomes an error of the form, except ``StaleRevision``, which is raised.
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
