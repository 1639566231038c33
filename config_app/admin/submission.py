"""From a submitted page to a plan, with every refusal beside the field it concerns."""

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
    """Return the form for what ``user`` may change, filled with what is in force or was ``kept``."""
    return ConfigurationForm(
        current.changeable(user),
        current.values(),
        data,
        stored=current.stored.rows.keys(),
        refused=current.refused,
        initial={BASE_REVISION: current.revision, **(kept or {})},
    )


def submit(form: ConfigurationForm, current: Current, act: Callable[[Plan], T]) -> T | None:
    """Do ``act`` with the plan of a submitted form; ``None`` where the form has errors now.

    Raises ``StaleRevision`` before anything else, because what somebody typed may be right for a page
    that is no longer current.
    """
    refuse_stale(form, current.revision)
    return attempt(form, lambda: act(plan(form.changes(), form.base_revision, known=current.known)))


def refuse_stale(form: RevisionForm, revision: int) -> None:
    """Raise ``StaleRevision`` where the form was made for another revision than the last."""
    if form.base_revision is not None and form.base_revision != revision:
        raise StaleRevision(form.base_revision, revision)


def attempt(form: RevisionForm, act: Callable[[], T]) -> T | None:
    """Do ``act`` where the form is valid; what is refused becomes an error of the form."""
    if not form.is_valid():
        return None
    try:
        return act()
    except StaleRevision:
        raise
    except ConfigError as error:
        form.add_config_error(error)
        return None
