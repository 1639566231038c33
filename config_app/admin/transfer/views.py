"""The page for export and import, the download, the review of an upload, and the import itself."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from config_app.admin.current import read_current
from config_app.admin.differences import findings, lockout_warning, planned_rows
from config_app.admin.permissions import may_change
from config_app.admin.proof import needs_proof, require_fresh_proof
from config_app.admin.saving import commit, respond
from config_app.admin.submission import attempt, refuse_stale
from config_app.admin.transfer.forms import ExportForm, ImportForm, ReviewForm
from config_app.change.plan import Plan
from config_app.declaration.forms import BASE_REVISION, REASON
from config_app.errors import ConfigError, ForbiddenSetting, InvalidPlan, StaleRevision
from config_app.models import Revision
from config_app.project import get_project, get_schema
from config_app.transfer.document import Document
from config_app.transfer.exporting import Export, export
from config_app.transfer.held import held, hold
from config_app.transfer.importing import Import, plan_import
from config_app.transfer.passphrase import encrypt
from config_app.transfer.selection import Selection

logger = logging.getLogger("config_app")

CHOSEN = "chosen"
"""The name of the checkboxes that select the changes to import."""


def show(
    request: HttpRequest,
    context: dict[str, Any],
    *,
    export_form: ExportForm | None = None,
    import_form: ImportForm | None = None,
    error: ConfigError | None = None,
) -> HttpResponse:
    """Show the page with the forms for export and import.

    ``export_form`` and ``import_form`` are submitted forms with errors. By default, the page shows empty
    forms. ``error`` says why a reviewed document cannot be imported.
    """
    page = {
        "title": "Export and import",
        "export_form": export_form or _export_form(request),
        "import_form": (import_form or ImportForm()) if may_change(request) else None,
        "proof_url": get_project().where_to_prove(request),
        "asks_for_proof": not get_project().has_proved(request),
        "error": error,
    }
    return TemplateResponse(request, "config_app/transfer.html", context | page)


def _export_form(request: HttpRequest, data: Any = None) -> ExportForm:
    may = may_change(request) and get_project().may_export_secrets(request.user)
    return ExportForm(data, may_export_secrets=may)


def download(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Return the export as a file. If the form has errors, return the page with the errors instead."""
    form = _export_form(request, request.POST)

    def act() -> HttpResponse:
        passphrase = form.chosen_passphrase
        if passphrase is None:
            return _file(export(form.selection).document.as_text())
        require_fresh_proof(request, form)
        found = export(form.selection, with_secrets=True)
        _log(request, found)
        return _file(encrypt(found.document.as_text(), passphrase))

    return _attempted(form, act) or show(request, context, export_form=form)


def _attempted(form: ExportForm, act: Any) -> HttpResponse | None:
    if not form.is_valid():
        return None
    try:
        found: HttpResponse = act()
    except ConfigError as error:
        form.add_config_error(error)
        return None
    return found


def _file(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="configuration.json"'
    return response


def _log(request: HttpRequest, found: Export) -> None:
    user, address = request.user.get_username(), request.META.get("REMOTE_ADDR", "")
    logger.warning("%s exported the secrets of revision %s from %s", user, found.document.revision, address)


def review(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show what the uploaded file would change; write nothing."""
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            document, replace = form.document(), form.cleaned_data["replace"]
            found = _plan(request, document, form.selection, replace=replace)
            initial = {
                "document": hold(document, str(request.user.pk)),
                "replace": replace,
                "machine": form.cleaned_data.get("machine", False),
                BASE_REVISION: read_current().revision,
                REASON: f"Import of {form.cleaned_data['file'].name}",
            }
            return _show_review(request, context, ReviewForm(initial=initial), found)
        except ConfigError as error:
            form.add_config_error(error)
    return show(request, context, import_form=form)


def _show_review(
    request: HttpRequest,
    context: dict[str, Any],
    form: ReviewForm,
    found: Import,
    stale: StaleRevision | None = None,
) -> HttpResponse:
    page = {
        "title": "Review the import",
        "form": form,
        "changes": planned_rows(found.plan),
        "notes": found.notes,
        "warning": lockout_warning(found.plan),
        "findings": findings(found.plan),
        "asks": needs_proof(request, found.plan),
        "proof_url": get_project().where_to_prove(request),
        "stale": stale,
        "chosen": request.POST.getlist(CHOSEN) if form.is_bound else None,
    }
    return TemplateResponse(request, "config_app/import_review.html", context | page)


def apply(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Import the chosen changes of the reviewed document."""
    form = ReviewForm(request.POST)
    newest = read_current(adopting=True).revision
    chosen = frozenset(request.POST.getlist(CHOSEN))

    def act() -> tuple[Plan, Revision | None]:
        document = held(form.cleaned_data["document"], str(request.user.pk))
        found = _plan(request, document, Selection(only=chosen), replace=form.cleaned_data["replace"])
        return found.plan, commit(request, found.plan, form, "admin")

    stale = None
    try:
        refuse_stale(form, newest)
        if (saved := attempt(form, act)) is not None:
            url = reverse("admin:config_app_systemconfig_changelist", current_app=request.current_app)
            return respond(request, *saved, url, lambda: context)
    except StaleRevision as error:
        stale = error
        form = ReviewForm({**request.POST.dict(), BASE_REVISION: newest})
        form.is_valid()
    return _review_again(request, context, form, stale)


def _review_again(
    request: HttpRequest, context: dict[str, Any], form: ReviewForm, stale: StaleRevision | None
) -> HttpResponse:
    """Show the review again, with the errors of the form.

    If the form contains no usable document, show the page with the forms for export and import.
    """
    try:
        document = held(str(form["document"].data or ""), str(request.user.pk))
        found = _plan(request, document, form.selection, replace=bool(form["replace"].data))
        return _show_review(request, context, form, found, stale)
    except ConfigError as error:
        return show(request, context, error=error)


def _plan(request: HttpRequest, document: Document, selection: Selection, *, replace: bool) -> Import:
    """Return an ``Import`` with a plan.

    Raise ``InvalidPlan`` if the visitor is not allowed to make all changes of the plan in the browser.
    """
    found = plan_import(document, selection, replace=replace)
    project, schema = get_project(), get_schema()
    settings = [schema[difference.key] for difference in found.plan.differences]
    errors: list[ConfigError] = [_only_from_a_shell(s.key) for s in settings if not s.in_editor]
    errors += [ForbiddenSetting(s.key) for s in settings if not project.may_change(request.user, s)]
    if errors:
        raise InvalidPlan(errors)
    return found


def _only_from_a_shell(key: str) -> ConfigError:
    return ConfigError(
        f"{key}: cannot be changed in the browser", keys=(key,), fix="use manage.py config import"
    )
