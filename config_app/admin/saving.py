"""What follows once a plan is decided upon in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from config_app.admin.differences import in_words, lockout_warning, planned_rows
from config_app.admin.new_address import elsewhere, show_elsewhere
from config_app.admin.proof import demand
from config_app.change.confirmation import period
from config_app.change.plan import Plan
from config_app.declaration.forms import RevisionForm
from config_app.models import Revision


def commit(request: HttpRequest, plan: Plan, form: RevisionForm, channel: str) -> Revision | None:
    """Apply a plan in the name of whoever sent the form; what could lock people out is to be confirmed.

    Raises ``NotProved`` where the plan is sensitive and it may be somebody else who sent it.
    """
    demand(request, plan, form)
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
    """Say what was saved: on the page at ``url``, or at once where that is out of reach from here now.

    ``context`` gives what any page of the admin shows; most saves need none.
    """
    report(request, plan, revision)
    keys = [edit.key for edit in plan.edits]
    if revision is not None and (link := elsewhere(request, plan.after, keys, url)):
        page = context() | {"title": f"Revision {revision.number} is saved"}
        return show_elsewhere(request, link, page, warning=lockout_warning(plan))
    return HttpResponseRedirect(url)


def report(request: HttpRequest, plan: Plan, revision: Revision | None) -> None:
    """Say on the next page what was saved."""
    if revision is None:
        messages.info(request, "Nothing to save: everything is in force as it was entered.")
        return
    url = revision_url(request, revision.number)
    words = in_words(planned_rows(plan))
    if warning := lockout_warning(plan):
        words += f". {warning}"
    messages.success(request, format_html('<a href="{}">Revision {}</a>: {}', url, revision.number, words))


def revision_url(request: HttpRequest, number: int) -> str:
    """Return the page of a revision, in the admin site that the request is for."""
    site = getattr(request, "current_app", None)
    return reverse("admin:config_app_revision_change", args=[number], current_app=site)
