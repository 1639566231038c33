"""Before a sensitive setting changes: proof that it is really the person who is signed in (W7)."""

from __future__ import annotations

from django.http import HttpRequest

from config_app.change.plan import Plan
from config_app.declaration.forms import RevisionForm
from config_app.errors import NotProved
from config_app.project import get_project

SIGN_IN, PASSWORD = "Sign in again first, then save once more.", "Enter your password."


def is_missing(request: HttpRequest, plan: Plan) -> bool:
    """Tell whether a plan asks for proof that whoever sent the request has not given recently."""
    return plan.is_sensitive and not get_project().has_proved(request)


def lacking(request: HttpRequest, plan: Plan, form: RevisionForm) -> str:
    """Return what has to be done first, in words; nothing where the proof is given, be it by this form.

    Raises ``NotProved`` where the form has a password and it does not count.
    """
    if not is_missing(request, plan):
        return ""
    project = get_project()
    if project.where_to_prove(request):
        return SIGN_IN
    if form.password is None:
        return PASSWORD
    project.prove(request, form.password)
    return ""


def demand(request: HttpRequest, plan: Plan, form: RevisionForm) -> None:
    """Raise ``NotProved`` where proof is missing."""
    if words := lacking(request, plan, form):
        raise NotProved(words)
