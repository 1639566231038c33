"""The view of the dashboard."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config_app import store
from config_app.admin.permissions import may_view, may_view_history
from config_app.fields.hosts import in_brackets
from config_app.live import runtime
from config_app.presentation.changes import change_rows, confirmation_of
from config_app.project import get_project
from config_app.propagation import progress, receipts
from config_app.propagation.progress import Summary
from hub.dashboard.problems import problem_rows
from hub.runtime_config import RuntimeConfig
from hub.site import pages

RECENT = 6


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Return the dashboard for staff, and a simple greeting for other people."""
    if not request.user.is_staff:
        return render(request, "dashboard/member.html")
    return render(request, "dashboard/index.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    """Return the template context, with only the information that this person is allowed to see."""
    snapshot = runtime.seen_snapshot()
    found = progress.summary(snapshot.revision)
    sees_configuration, sees_history = may_view(request), may_view_history(request)
    return {
        "status": _status(snapshot.config, found),
        "problems": problem_rows(snapshot) if sees_configuration else None,
        "processes": _processes(found, with_errors=sees_configuration),
        "revisions": _revisions() if sees_history else None,
        "links": [page for page in pages.pages_for(request) if page is not pages.DASHBOARD],
        "history_url": pages.HISTORY.url if sees_history else None,
    }


def _status(config: RuntimeConfig, found: Summary) -> dict[str, Any]:
    stale = runtime.stale_since()
    return {
        "state": get_project().state(config),
        "revision": found.revision,
        "mode": config.app_mode,
        "address": config.public_url or _listener(config),
        "stale_since": dt.datetime.fromtimestamp(stale, dt.UTC) if stale else None,
        "everywhere": str(found),
        "is_under_way": found.is_under_way,
    }


def _listener(config: RuntimeConfig) -> str:
    """Return ``host:port`` of this process's listener, with the pinned values if there are any."""
    pins = receipts.pins()
    host, port = pins.get("bind_address", config.host), pins.get("port", config.port)
    return f"{in_brackets(host)}:{port}"


def _processes(found: Summary, *, with_errors: bool) -> list[dict[str, Any]]:
    current = found.current
    return [
        {
            "machine": process.machine,
            "pid": process.pid,
            "role": process.role,
            "revision": process.revision,
            "since": process.since,
            "latency_ms": process.latency_ms,
            "pending": process.pending,
            "error": process.error if with_errors else "",
            "is_current": process in current,
        }
        for process in found.processes
    ]


def _revisions() -> list[dict[str, Any]]:
    return [
        {
            "number": revision.number,
            "url": reverse("admin:config_app_revision_change", args=[revision.number]),
            "reason": revision.reason,
            "actor": revision.actor,
            "channel": revision.channel,
            "confirmation": confirmation_of(revision),
            "created_at": revision.created_at,
            "changes": change_rows(revision),
        }
        for revision in store.history(limit=RECENT)
    ]
