"""The middleware that adds the Content Security Policy, with the sources from the runtime config."""

from __future__ import annotations

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from config_app.middleware import UNAVAILABLE
from hub.runtime_config import WORKOS, RuntimeConfig, get_config


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """django-csp's middleware, with a report URI from the runtime config.

    In mode ``workos``, the policy also lets forms redirect to WorkOS.
    """

    async_capable = False

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the policy from Django's settings, with the additions from the runtime config."""
        parts = super().get_policy_parts(request, response, report_only)
        if UNAVAILABLE in request.META:
            return parts  # there is no runtime config, but the error page needs the static policy
        if not report_only and (additions := _additions()):
            update: dict[str, Any] = {**(parts.update or {}), **additions}
            parts.update = update
        return parts


def _additions() -> dict[str, list[str]]:
    config = get_config()
    additions = {"form-action": _sign_out_origins(config)}
    if config.csp_report_uri:
        additions["report-uri"] = [config.csp_report_uri]
    return {directive: sources for directive, sources in additions.items() if sources}


def _sign_out_origins(config: RuntimeConfig) -> list[str]:
    """In mode ``workos``, return the origins to which a sign-out may redirect. Otherwise return ``[]``."""
    # Chromium also applies ``form-action`` to redirects after a form (W2).
    if config.app_mode != WORKOS:
        return []
    return [source for source in (settings.WORKOS_API_URL, config.workos_authkit_domain) if source]
