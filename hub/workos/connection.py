"""The page about the connection to WorkOS: the URLs to register, a test, and the switch to WorkOS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from config_app.declaration.secret import Secret
from hub.auth.forms import ProofForm
from hub.runtime_config import WORKOS, RuntimeConfig, get_config, schema
from hub.workos import round_trip, verification
from hub.workos.remote.connection_test import check_connection
from hub.workos.remote.credentials import Credentials

KEY, OTHERS = "workos_api_key", ("workos_client_id", "workos_authkit_domain")
ENTER_AGAIN = "Enter the WorkOS API Key to test these values."


@method_decorator(never_cache, name="dispatch")
class ConnectionView(View):
    """The page about the connection to WorkOS, for super admins. A POST request begins the switch."""

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page that begins the switch. It lists the URLs to register at WorkOS."""
        _require_super_admin(request)
        return _show(request, ProofForm(request))

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin the switch to mode ``workos``.

        If the form proves the super admin's identity, send the browser to AuthKit. Otherwise return the page
        with the errors of the form.
        """
        _require_super_admin(request)
        form = ProofForm(request, request.POST)
        return verification.begin_switch(request) if form.is_valid() else _show(request, form)


def _show(request: HttpRequest, form: ProofForm) -> HttpResponse:
    config = get_config()
    context = {
        "is_workos": config.app_mode == WORKOS,
        "is_ready": config.workos_client_id is not None and config.workos_api_key is not None,
        "references": round_trip.to_register(request),
        "super_admins": config.super_admin_emails,
        "section_url": reverse("admin:config_app_systemconfig_changelist") + "#section-workos",
        "form": form,
    }
    return render(request, "auth/workos.html", context)


@sensitive_post_parameters()
@never_cache
@require_POST
def check(request: HttpRequest) -> JsonResponse:
    """Test credentials for WorkOS. Return the result as JSON with ``ok`` and ``message``.

    If the client ID or the AuthKit domain is not posted, use the stored value. If no API key is posted, use
    the stored API key, but only together with the stored client ID and the stored AuthKit domain.
    """
    _require_super_admin(request)
    try:
        credentials = _candidate(request.POST, get_config())
    except ValidationError as error:
        return JsonResponse({"ok": False, "message": error.messages[0]})
    ok, message = check_connection(credentials, round_trip.callback_url(request))
    return JsonResponse({"ok": ok, "message": message})


def _require_super_admin(request: HttpRequest) -> None:
    if not request.user.is_superuser:
        raise PermissionDenied


def _candidate(data: Mapping[str, Any], config: RuntimeConfig) -> Credentials:
    """Return the credentials to test. Raise ``ValidationError`` if a value is missing or not valid."""
    # Send the stored key only with the stored client id and domain. A posted domain could steal the key.
    values = {key: _clean(key, data[key]) for key in OTHERS if key in data}
    key = _clean(KEY, data.get(KEY) or "")
    stored = {name: getattr(config, name) for name in OTHERS}
    wanted = stored | values
    if key is None and wanted == stored:
        key = config.workos_api_key
    if key is None or wanted["workos_client_id"] is None:
        raise ValidationError(ENTER_AGAIN if key is None else "Enter the WorkOS Client ID first.")
    return Credentials(
        client_id=wanted["workos_client_id"], api_key=key, authkit_domain=wanted["workos_authkit_domain"]
    )


def _clean(name: str, text: str) -> Any:
    """Return the parsed value of an entered text. Return ``None`` if the text is empty.

    Raise ``ValidationError`` if the text is not valid. The message begins with the setting's label.
    """
    setting = schema[name]
    field = setting.form_field()
    field.required = False
    try:
        value = field.clean(text)
    except ValidationError as error:
        raise ValidationError(f"{setting.label}: {error.messages[0]}") from None
    return value if isinstance(value, Secret) or value else None
