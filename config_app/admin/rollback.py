"""Rollback in the browser: a page that shows what would change, and the rollback itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from config_app.admin.current import read_current
from config_app.admin.differences import findings, lockout_warning, planned_rows
from config_app.admin.proof import needs_proof
from config_app.admin.saving import commit, respond, revision_url
from config_app.admin.submission import attempt, refuse_stale
from config_app.change.plan import Plan
from config_app.change.rollback import plan_rollback
from config_app.declaration.forms import BASE_REVISION, REASON, RevisionForm
from config_app.errors import ConfigError, ForbiddenSetting, InvalidPlan, StaleRevision
from config_app.models import Revision
from config_app.project import get_project, get_schema


def roll_back(request: HttpRequest, target: Revision, context: dict[str, Any]) -> HttpResponse:
    """Roll back to ``target`` (POST), or return a page that shows what a rollback would change (GET)."""
    newest = read_current(adopting=request.method == "POST").revision
    form = _form(request, target, newest)
    stale = None
    if request.method == "POST":
        try:
            if (saved := _attempt(request, target, form, newest)) is not None:
                url = revision_url(request, (saved[1] or target).number)
                return respond(request, *saved, url, lambda: context)
        except StaleRevision as error:
            stale, form = error, _form(request, target, newest, again=True)
    context |= {"title": f"Roll back to revision {target.number}", "form": form, "stale": stale}
    return TemplateResponse(request, "config_app/rollback.html", context | outlook(request, target))


def _form(request: HttpRequest, target: Revision, newest: int, *, again: bool = False) -> RevisionForm:
    """Return the submitted form. If the request submits no form, return a new form.

    If ``again`` is true, always return a new form, but keep the submitted reason.
    """
    if request.method == "POST" and not again:
        return RevisionForm(request.POST)
    reason = request.POST.get(REASON, f"Back to revision {target.number}")
    return RevisionForm(initial={BASE_REVISION: newest, REASON: reason})


def _attempt(
    request: HttpRequest, target: Revision, form: RevisionForm, newest: int
) -> tuple[Plan, Revision | None] | None:
    refuse_stale(form, newest)

    def act() -> tuple[Plan, Revision | None]:
        plan = _plan_rollback(request, target, form.base_revision)
        return plan, commit(request, plan, form, "rollback")

    return attempt(form, act)


def outlook(request: HttpRequest, target: Revision) -> dict[str, Any]:
    """Return the template context. ``changes`` is missing if the rollback is not possible.

    The context says what the rollback would change, or why the rollback is not possible.
    """
    try:
        plan = _plan_rollback(request, target, None)
        return {
            "changes": planned_rows(plan),
            "warning": lockout_warning(plan),
            "findings": findings(plan),
            "asks": needs_proof(request, plan),
            "proof_url": get_project().where_to_prove(request),
        }
    except InvalidPlan as refused:
        return {"obstacles": [str(error) for error in refused.errors]}
    except ConfigError as error:
        return {"obstacles": [str(error)]}


def _plan_rollback(request: HttpRequest, target: Revision, base_revision: int | None) -> Plan:
    """Return a plan for the rollback.

    Raise ``InvalidPlan`` if the visitor is not allowed to make all changes of the plan in the browser.
    """
    plan = plan_rollback(target.number, base_revision)
    project, schema = get_project(), get_schema()
    settings = [schema[difference.key] for difference in plan.differences]
    errors: list[ConfigError] = [_only_from_a_shell(s.key, target) for s in settings if not s.in_editor]
    errors += [ForbiddenSetting(s.key) for s in settings if not project.may_change(request.user, s)]
    if errors:
        raise InvalidPlan(errors)
    return plan


def _only_from_a_shell(key: str, target: Revision) -> ConfigError:
    fix = f"run manage.py config rollback {target.number}"
    return ConfigError(f"{key}: cannot be changed in the browser", keys=(key,), fix=fix)
