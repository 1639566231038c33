"""The configuration editor. The editor replaces the admin's list of ``SystemConfig`` rows."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from config_app.admin.conflict import Conflict, find_conflict
from config_app.admin.current import Current, read_current
from config_app.admin.differences import as_json, findings, lockout_warning
from config_app.admin.permissions import WholeAdmin, may_change, may_view
from config_app.admin.proof import missing_proof
from config_app.admin.saving import commit, respond
from config_app.admin.sections import EditorPage
from config_app.admin.submission import make_form, submit
from config_app.admin.transfer.urls import transfer_urls
from config_app.change.plan import Plan
from config_app.declaration.forms import ConfigurationForm
from config_app.errors import StaleRevision
from config_app.project import get_project

EDITOR, PREVIEW = "config_app_systemconfig_changelist", "config_app_systemconfig_preview"
SECRETS_IN_POST = method_decorator(sensitive_post_parameters())


class ConfigurationAdmin(WholeAdmin):
    """The admin class of the configuration: one page with all settings. Every change goes through a plan."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the visitor may see or change the configuration."""
        return may_view(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the visitor may change the configuration."""
        return may_change(request)

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs of the editor, of its preview, and of export and import. Rows have no URLs."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=EDITOR),
            path("preview/", view(self.preview_view), name=PREVIEW),
            *transfer_urls(self),
        ]

    @SECRETS_IN_POST
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the editor (GET) or save the submitted form (POST)."""
        if not may_view(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._save(request)
        current = read_current()
        return self._render(
            request, current, make_form(current, request.user) if may_change(request) else None
        )

    @SECRETS_IN_POST
    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> JsonResponse:
        """Return, as JSON, the changes that saving the form would make; save nothing.

        - ``changes``: the changes.
        - ``revision``: the number of the newest revision.
        - ``proof``: how the visitor must prove their identity before they can save. Empty if they need not
          prove their identity, or if the form contains the correct password.
        - ``warning``: a sentence if the changes will revert unless a person confirms them. Otherwise empty.

        If the form is not valid, the JSON has only ``errors``, a dict from field names to lists of messages.
        If the configuration has changed since the form was loaded, the JSON has only ``stale`` and
        ``revision``.
        """
        current, form = self._receive(request)
        try:
            found = submit(form, current, lambda plan: _outlook(request, plan, form))
        except StaleRevision:
            return JsonResponse({"stale": True, "revision": current.revision})
        if found is None:
            return JsonResponse({"errors": {name: list(errors) for name, errors in form.errors.items()}})
        return JsonResponse({**found, "revision": current.revision})

    def _receive(self, request: HttpRequest) -> tuple[Current, ConfigurationForm]:
        if not may_change(request):
            raise PermissionDenied
        current = read_current(adopting=True)
        return current, make_form(current, request.user, request.POST)

    def _save(self, request: HttpRequest) -> HttpResponse:
        current, form = self._receive(request)
        try:
            saved = submit(form, current, lambda plan: (plan, commit(request, plan, form, "admin")))
        except StaleRevision:
            return self._render_conflict(request, form)
        if saved is None:
            form.complete()
            return self._render(request, current, form)
        return respond(request, *saved, request.path, lambda: self._context(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}

    def _render_conflict(self, request: HttpRequest, submitted: ConfigurationForm) -> HttpResponse:
        """Return a page with the changes that other people made since the form was loaded.

        The form still contains what the visitor entered, except secrets.
        """
        current = read_current()
        submitted.complete()
        conflict = find_conflict(submitted, current)
        form = make_form(current, request.user, kept=conflict.kept)
        return self._render(request, current, form, conflict)

    def _render(
        self,
        request: HttpRequest,
        current: Current,
        form: ConfigurationForm | None,
        conflict: Conflict | None = None,
    ) -> HttpResponse:
        page = EditorPage(current, form, conflict)
        context = {
            **self._context(request),
            "title": "Configuration",
            "page": page,
            "groups": page.groups(),
            "form": form,
            "conflict": conflict,
            "revision": current.revision,
            "proof_url": get_project().where_to_prove(request),
        }
        return TemplateResponse(request, "config_app/editor.html", context)


def _outlook(request: HttpRequest, plan: Plan, form: ConfigurationForm) -> dict[str, Any]:
    """Return the JSON data that the review dialog shows about a plan."""
    return {
        "changes": as_json(plan),
        "proof": missing_proof(request, plan, form),
        "warning": lockout_warning(plan),
        "findings": findings(plan),
    }
