"""Proof of identity before a sensitive setting changes: the password, or a fresh sign-in."""

from __future__ import annotations

from django.http import HttpRequest

from config_app.change.plan import Plan
from config_app.declaration.forms import ProofForm
from config_app.errors import NotProved
from config_app.project import get_project

SIGN_IN, PASSWORD = "Sign in again. Then save once more.", "Enter your password."


def needs_proof(request: HttpRequest, plan: Plan) -> bool:
    """Return whether the visitor must still prove their identity before the plan may be applied."""
    return plan.is_sensitive and not get_project().has_proved(request)


def missing_proof(request: HttpRequest, plan: Plan, form: ProofForm) -> str:
    """Return a sentence that says how the visitor must still prove their identity.

    Return an empty text if the visitor need not prove their identity, or if ``form`` contains the correct
    password. Raise ``NotProved`` if the password is not accepted.
    """
    return _missing(request, form) if needs_proof(request, plan) else ""


def _missing(request: HttpRequest, form: ProofForm) -> str:
    project = get_project()
    if project.where_to_prove(request):
        return SIGN_IN
    if form.password is None:
        return PASSWORD
    project.prove(request, form.password)
    return ""


def require_proof(request: HttpRequest, plan: Plan, form: ProofForm) -> None:
    """Raise ``NotProved`` if the plan needs a proof of identity and the visitor has not given the proof."""
    if words := missing_proof(request, plan, form):
        raise NotProved(words)


def require_fresh_proof(request: HttpRequest, form: ProofForm) -> None:
    """Raise ``NotProved`` if the visitor has not proved their identity recently."""
    if not get_project().has_proved(request) and (words := _missing(request, form)):
        raise NotProved(words)
