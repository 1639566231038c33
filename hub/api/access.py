"""The access check of the API: only super admins are allowed, and a refusal is JSON."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def refusal(request: HttpRequest) -> JsonResponse | None:
    """Return ``None`` for a super admin, 403 for other signed-in people, and 401 for anyone else."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "sign_in_required"}, status=401)
    if not request.user.is_superuser:
        return JsonResponse({"error": "super_admin_required"}, status=403)
    return None
