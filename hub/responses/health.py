"""The health endpoints: whether this process is alive, and whether it can serve."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config_app.errors import ConfigError, NewerSchema
from config_app.live import freshness, runtime
from config_app.problems import Problem
from config_app.project import get_project
from config_app.propagation import sources
from setup_wizard.claiming.state import is_claimed
from setup_wizard.product import get_product

LIVE_PATH, READY_PATH = "/health/live", "/health/ready"

HINDRANCES = {"unavailable", NewerSchema.code}
"""The codes of problems. If a process has an error with one of these codes, the process cannot serve."""
UNAVAILABLE = Problem(code="unavailable", message="the database cannot be used", severity="error")


@login_not_required
@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Answer with the state of this process. The status is 200 if the process can serve, otherwise 503.

    The status does not depend on whether the hub is claimed.
    """
    report = _report()
    # During an outage, the last valid configuration is used, but pages need sessions from the database. After
    # a 503, a load balancer sends requests to another hub.
    hindered = any(p["code"] in HINDRANCES and p["severity"] == "error" for p in report["problems"])
    return JsonResponse(report, status=503 if hindered else 200)


@never_cache
def unready(_request: HttpRequest) -> HttpResponse:
    """Answer 503 in a process that has not loaded a configuration yet."""
    nothing = {"state": "unavailable", "revision": None, "pid": os.getpid(), "config_age_s": None}
    return JsonResponse(nothing | {"stale_since": None, "problems": _public([UNAVAILABLE])}, status=503)


def _report() -> dict[str, Any]:
    snapshot, project, stale_since = runtime.seen_snapshot(), get_project(), runtime.stale_since()
    others = _problems(snapshot.config) if stale_since is None else [UNAVAILABLE]
    return {
        "state": project.state(snapshot.config),
        "revision": snapshot.revision,
        "pid": os.getpid(),
        "config_age_s": round(freshness.config_age(), 3),
        "stale_since": None if stale_since is None else _iso(stale_since),
        "problems": _public([*others, *sources.hindrances(), *snapshot.problems]),
    }


def _problems(config: Any) -> list[Problem]:
    hindrances = [] if get_product().is_configured(config) or _opens_wizard() else [UNAVAILABLE]
    return [*hindrances, *get_project().problems(config)]


def _opens_wizard() -> bool:
    """Return whether the gate of the wizard lets requests pass. Otherwise it answers 503 to all pages."""
    try:
        is_claimed()
    except ConfigError:
        return False
    return True


def _public(problems: list[Problem]) -> list[dict[str, Any]]:
    """Return the public part of each problem: its code, keys and severity."""
    # The texts may contain paths and addresses.
    return [{"code": p.code, "keys": p.keys, "severity": p.severity} for p in problems]


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat()
