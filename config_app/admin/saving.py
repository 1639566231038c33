"""Applies a plan that a person made in the browser, and reports what was saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from config_app.admin.differences import in_words, lockout_warning, planned_rows
from config_app.admin.new_address import elsewhere, show_elsewhere
from config_app.admin.proof import require_proof
from config_app.change.confirmation import period
from config_app.change.plan import Plan
from config_app.declaration.forms import RevisionForm
from config_app.models import Revision


def commit(request: HttpRequest, plan: Plan, form: RevisionForm, channel: str) -> Revision | None:
    """Apply a plan in the visitor's name. Return the revision, or ``None`` if nothing had to change.

    If the plan could lock people out, the revision reverts unless a person confirms it in time. Raise
    ``NotProved`` if the plan needs a proof of identity and the visitor has not given the proof.
    """
    require_proof(request, plan, form)
    return plan.apply(
        actor=request.user,
        channel=channel,
        reason=form.reason,
        address=request.META.get("REMOTE_ADDR", ""),
        confirm_within=period() if plan.can_lock_out else None,
    )


def respond(
    request: HttpRequest,
    plan: Plan,
    revision: Revision | None,
    url: str,
    context: Callable[[], dict[str, Any]],
) -> HttpResponse:
    """Add a message that says what was saved, and return a redirect to ``url``.

    If the plan changes the site's address, return a page that links to the new address instead.
    ``context`` is a function that returns the template context of the admin's pages. This function is called
    only for the page that links to the new address.
    """
    report(request, plan, revision)
    keys = [edit.key for edit in plan.edits]
    if revision is not None and (link := elsewhere(request, plan.after, keys, url)):
        page = context() | {"title": f"Revision {revision.number} is saved"}
        return show_elsewhere(request, link, page, warning=lockout_warning(plan))
    return HttpResponseRedirect(url)


def report(request: HttpRequest, plan: Plan, revision: Revision | None) -> None:
    """Add a message that says what was saved. The next page shows this message."""
    if revision is None:
        messages.info(request, "Nothing to save: all settings already have these values.")
        return
    url = revision_url(request, revision.number)
    words = in_words(planned_rows(plan))
    if warning := lockout_warning(plan):
        words += f". {warning}"
    messages.success(request, format_html('<a href="{}">Revision {}</a>: {}', url, revision.number, words))


def revision_url(request: HttpRequest, number: int) -> str:
    """Return the URL of a revision's page in the admin site that the request uses."""
    site = getattr(request, "current_app", None)
    return reverse("admin:config_app_revision_change", args=[number], current_app=site)
