"""The configuration as JSON, for super admins."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config_app.presentation.json_report import report
from hub.api.access import refusal


@login_not_required  # ``refusal`` answers with JSON instead of a redirect to the sign-in page
@never_cache
@require_safe
def read_config(request: HttpRequest) -> JsonResponse:
    """Return the same JSON as ``config show --json``; refuse people who are not super admins (401 or 403)."""
    return refusal(request) or JsonResponse(report())
