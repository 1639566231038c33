"""The hub's main pages and the permissions that these pages require."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from django.http import HttpRequest
from django.urls import reverse

from config_app.admin.permissions import may_view, may_view_history


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One page of the navigation. ``may_open(request)`` says whether a staff member may open the page."""

    title: str
    name: str
    icon: str
    text: str
    may_open: Callable[[HttpRequest], bool]

    @property
    def url(self) -> str:
        """Return the path of the page."""
        return reverse(self.name)


def _may_view_people(request: HttpRequest) -> bool:
    return request.user.has_perm("hub.view_user") or request.user.has_perm("hub.change_user")


DASHBOARD = Page(
    "Dashboard", "dashboard", "grid", "The state of the hub, and what needs attention.", lambda _: True
)
CONFIGURATION = Page(
    "Configuration",
    "admin:config_app_systemconfig_changelist",
    "sliders",
    "Every setting, with its help and last change.",
    may_view,
)
HISTORY = Page(
    "History",
    "admin:config_app_revision_changelist",
    "clock",
    "Who changed what, when and why. You can also roll back.",
    may_view_history,
)
PEOPLE = Page(
    "People", "admin:hub_user_changelist", "people", "The accounts and their rights.", _may_view_people
)
PAGES = (DASHBOARD, CONFIGURATION, HISTORY, PEOPLE)


def pages_for(request: HttpRequest) -> Iterator[Page]:
    """Yield the pages that the person may open, in the order of the navigation."""
    user = getattr(request, "user", None)
    if user is not None and user.is_staff:
        yield from (page for page in PAGES if page.may_open(request))
