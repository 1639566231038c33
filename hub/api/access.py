"""Who may ask the API: super admins, and others are told so in JSON."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def refusal(request: HttpRequest) -> JsonResponse | None:
    """Return what answers anybody but a super admin: 401 to strangers, 403 to whoever is signed in."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "sign_in_required"}, status=401)
    if not request.user.is_superuser:
        return JsonResponse({"error": "super_admin_required"}, status=403)
    return None
