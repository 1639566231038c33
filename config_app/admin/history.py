"""The admin pages of the history: the list of revisions, one revision, rollback, confirm and revert."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config_app import store
from config_app.admin.permissions import WholeAdmin, may_change, may_view_history
from config_app.admin.rollback import outlook, roll_back
from config_app.admin.unconfirmed import confirm, revert
from config_app.models import Change, Revision
from config_app.presentation.changes import change_rows
from config_app.project import get_project, get_schema

if TYPE_CHECKING:
    RevisionPaginatorBase = Paginator[Revision]
else:
    RevisionPaginatorBase = Paginator

CHANNELS = ("admin", "cli", "code", "import", "rollback", "revert", "sql")
MOST_COUNTED = 10_000
NUL = "\0"
"""A character that PostgreSQL does not accept in a query."""
HISTORY, DETAIL = "config_app_revision_changelist", "config_app_revision_change"
ROLLBACK = "config_app_revision_rollback"
CONFIRM, REVERT = "config_app_revision_confirm", "config_app_revision_revert"


class RevisionPaginator(RevisionPaginatorBase):
    """A paginator that stays fast: it counts at most ``MOST_COUNTED`` revisions of a filtered list."""

    @functools.cached_property
    def count(self) -> int:
        """Return the number of revisions. For a filtered list, stop counting at ``MOST_COUNTED``."""
        if self._is_filtered:
            return self._revisions.order_by()[:MOST_COUNTED].count()
        # From `first` on, the numbers have no gaps. Before `first`, pruning has left only few revisions.
        newest = Revision.objects.order_by("-number").values_list("number", flat=True).first() or 0
        first = store.first_complete()
        before = Revision.objects.filter(number__lt=first).count() if first > 1 else 0
        return before + max(newest - first + 1, 0)

    @property
    def counts_so_far(self) -> bool:
        """Return whether ``count`` is only a lower limit, because counting stopped at ``MOST_COUNTED``."""
        return self._is_filtered and self.count == MOST_COUNTED

    @property
    def _revisions(self) -> QuerySet[Revision]:
        return cast("QuerySet[Revision]", self.object_list)

    @property
    def _is_filtered(self) -> bool:
        return bool(self._revisions.query.where)


class SettingFilter(admin.SimpleListFilter):
    """Limits the list to the revisions that changed one setting."""

    title = "setting"
    parameter_name = "setting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the key and label of every declared setting."""
        return [(s.key, s.label) for s in get_schema().settings.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the revisions that changed the chosen setting, even if this setting no longer exists."""
        key = self.value()
        if not key or NUL in key:
            return queryset.none() if key else queryset
        names = get_schema().names(key)
        return queryset.filter(pk__in=Change.objects.filter(key__in=names).order_by().values("revision"))


class ChannelFilter(admin.SimpleListFilter):
    """Limits the list to the revisions that were made through one channel."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all channels."""
        return [(channel, channel) for channel in (*CHANNELS, *get_project().words.channels)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the revisions that were made through the chosen channel."""
        channel = self.value()
        if not channel or NUL in channel:
            return queryset.none() if channel else queryset
        return queryset.filter(channel=channel)


class HistoryAdmin(WholeAdmin):
    """The admin class of revisions. A revision is read-only, but a person can roll back to it."""

    actions = None
    list_filter = (SettingFilter, ChannelFilter)
    list_per_page = 25
    list_max_show_all = 0
    paginator = RevisionPaginator
    search_fields = ("=number", "actor", "reason")
    search_help_text = "Number, person or reason"
    show_full_result_count = False
    change_list_template = "config_app/history.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the visitor may see the history."""
        return may_view_history(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return ``False``: a recorded revision cannot be edited."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the URL may filter by ``lookup``. Only exact matches are allowed."""
        # Django would also allow regular expressions, which can keep a database busy.
        return "__" not in lookup

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs of the list and of the pages and actions of one revision."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=HISTORY),
            path("<int:number>/", view(self.revision_view), name=DETAIL),
            path("<int:number>/rollback/", view(self.rollback_view), name=ROLLBACK),
            path("<int:number>/confirm/", view(self.confirm_view), name=CONFIRM),
            path("<int:number>/revert/", view(self.revert_view), name=REVERT),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the revisions with their changes and confirmations prefetched."""
        return super().get_queryset(request).select_related("confirmation").prefetch_related("changes")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List the revisions, newest first."""
        context = {"title": "History", **(extra_context or {})}
        return super().changelist_view(request, context)

    @method_decorator(require_safe)
    def revision_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show one revision with all its changes and refused values."""
        revision = self.find(request, number)
        newest = Revision.objects.order_by("-number").values_list("number", flat=True).first()
        first = store.first_complete()
        is_candidate = may_change(request) and number != newest and number >= first
        rollback = outlook(request, revision) if is_candidate else {}
        context = {
            **self.page_context(request, revision),
            "title": f"Revision {number}",
            "changes": change_rows(revision),
            "newest": newest,
            "may_roll_back": bool(rollback.get("changes")),
            "obstacles": rollback.get("obstacles"),
            "is_like_now": rollback.get("changes") == [],
            "is_complete": number >= first,
            "older": number - 1 if number > first else self._neighbour("-number", number__lt=number),
            "newer": number + 1 if number >= first else self._neighbour("number", number__gt=number),
        }
        return TemplateResponse(request, "config_app/revision.html", context)

    @method_decorator(sensitive_post_parameters())
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def rollback_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show what a rollback to the revision would change (GET), or roll back to it (POST)."""
        if not may_change(request):
            raise PermissionDenied
        revision = self.find(request, number)
        return roll_back(request, revision, self.page_context(request, revision))

    @method_decorator(require_POST)
    def confirm_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Confirm a revision, so that it does not revert."""
        return confirm(request, number)

    @method_decorator(require_POST)
    def revert_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Revert an unconfirmed revision."""
        request.current_app = self.admin_site.name
        return revert(request, number, {**self.admin_site.each_context(request), "opts": self.opts})

    def _neighbour(self, order: str, **numbers: int) -> int | None:
        """Return the number of the revision that comes directly before or after another revision.

        ``numbers`` is a lookup, such as ``number__lt=5``. ``order`` is the field to sort by. Return the
        number of the first revision that matches the lookup. Return ``None`` if no revision matches.
        """
        # Adding or subtracting 1 is not enough: the revision with that number may have been pruned.
        return Revision.objects.filter(**numbers).order_by(order).values_list("number", flat=True).first()

    def find(self, request: HttpRequest, number: int) -> Revision:
        """Return revision ``number``. Raise ``Http404`` if the revision does not exist.

        Raise ``PermissionDenied`` if the visitor may not see the history.
        """
        if not may_view_history(request):
            raise PermissionDenied
        revision = self.get_queryset(request).filter(pk=number).first()
        if not isinstance(revision, Revision):
            raise Http404(f"There is no revision {number}.")
        return revision

    def page_context(self, request: HttpRequest, revision: Revision) -> dict[str, Any]:
        """Return the template context that every page about one revision needs."""
        request.current_app = self.admin_site.name
        return {**self.admin_site.each_context(request), "opts": self.opts, "revision": revision}
