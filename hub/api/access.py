"""Let only super admins use the API; refuse all other people with a JSON response."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def refusal(request: HttpRequest) -> JsonResponse | None:
    """Return ``None`` for a super admin, status 403 for other signed-in people, and 401 for all others."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "sign_in_required"}, status=401)
    if not request.user.is_superuser:
        return JsonResponse({"error": "super_admin_required"}, status=403)
    return None
