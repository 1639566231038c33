"""Let only super admins use the API; refuse all other people with a JSON response."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def refusal(request: HttpRequest) -> JsonResponse | None:
    """Return ``None`` for a super admin, or else a refusal.

    Its status is 401 if the person is not signed in, and 403 if the person is not a super admin.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "sign_in_required"}, status=401)
    if not request.user.is_superuser:
        return JsonResponse({"error": "super_admin_required"}, status=403)
    return None
