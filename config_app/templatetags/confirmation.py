"""Template tags for unconfirmed revisions: the countdown banner for any page, and a revision's outcome."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import template
from django.apps import apps
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from config_app.errors import DatabaseUnavailable
from config_app.models import Revision, now
from config_app.presentation.changes import CONFIRMATIONS, clock, confirmation_of

if TYPE_CHECKING:
    from config_app.admin.unconfirmed import BannerRow

register = template.Library()
SHOWN = "_config_app_banner_shown"


@register.inclusion_tag("config_app/_unconfirmed.html", takes_context=True)
def unconfirmed_revisions(context: template.Context) -> dict[str, Any]:
    """Render the banner of unconfirmed revisions, but only once on each page.

    The buttons of the banner lead to the admin. If the project has no admin, render nothing.
    """
    request = context.get("request")
    if not isinstance(request, HttpRequest) or not hasattr(request, "user") or hasattr(request, SHOWN):
        return {}
    if not _has_admin():
        return {}
    from config_app.admin.unconfirmed import rows

    setattr(request, SHOWN, True)
    try:
        found = [_shown(row) for row in rows(request)]
    except DatabaseUnavailable:  # the rest of the page can still be shown
        return {}
    path = request.get_full_path() if request.method == "GET" else ""
    return {"rows": found, "next": path, "csrf_token": context.get("csrf_token")}


def _has_admin() -> bool:
    """Return whether the admin is installed and the project's URLs include it."""
    if not apps.is_installed("django.contrib.admin"):
        return False
    try:
        reverse("admin:config_app_revision_changelist")
    except NoReverseMatch:
        return False
    return True


def _shown(row: BannerRow) -> dict[str, Any]:
    left = row.waiting.seconds_left
    return {
        "number": row.waiting.number,
        "seconds_left": max(0, round(left)),
        "clock": clock(left),
        "deadline": now() + dt.timedelta(seconds=left),
        "may_decide": row.may_decide,
        "elsewhere": row.link,
    }


@register.inclusion_tag("config_app/_confirmation.html")
def confirmation(revision: Revision) -> dict[str, str]:
    """Render the state of a revision: it waits to be confirmed, it was confirmed or it was reverted."""
    found = confirmation_of(revision)
    return {"outcome": found, "text": CONFIRMATIONS.get(found, found)}
