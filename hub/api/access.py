"""Let only super admins use the API. All other people get an error response in JSON."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def refusal(request: HttpRequest) -> JsonResponse | None:
    """Return an error response for a person who is not a super admin. Return ``None`` for a super admin.

    The status is 401 if the person is not signed in. Otherwise, the status is 403.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "sign_in_required"}, status=401)
    if not request.user.is_superuser:
        return JsonResponse({"error": "super_admin_required"}, status=403)
    return None
