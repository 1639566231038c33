"""Confirms or reverts a revision in the browser. To confirm, the request must use the new settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme

from config_app.admin.new_address import elsewhere, show_elsewhere
from config_app.admin.permissions import may_change
from config_app.change import confirmation
from config_app.change.confirmation import NotWaiting, UnconfirmedRevision
from config_app.errors import ConfigError
from config_app.live import effects, runtime
from config_app.logs import REVISION
from config_app.problems import full_sentence
from config_app.project import get_project, get_schema
from config_app.propagation import receipts

NEXT = "next"


def confirm(request: HttpRequest, number: int) -> HttpResponse:
    """Try to confirm a revision, add a message about the result, and return a redirect."""
    found = _find(request, number)
    if found is None:
        _refuse(request, NotWaiting(number))
    elif (reason := _obstacle(request, found)) is not None:
        messages.error(request, reason)
    elif _attempt(request, lambda: confirmation.confirm(number, actor=request.user, version=_version())):
        messages.success(request, f"Revision {number} is confirmed and stays.")
    return HttpResponseRedirect(_next(request))


def revert(request: HttpRequest, number: int, context: dict[str, Any]) -> HttpResponse:
    """Revert a revision before its deadline. Return a redirect, or a page that links to the new address."""
    found = _find(request, number)
    origin = {"actor": request.user, "address": request.META.get("REMOTE_ADDR", "")}
    if found is None:
        _refuse(request, NotWaiting(number))
        return HttpResponseRedirect(_next(request))
    if not _attempt(request, lambda: confirmation.revert(number, **origin, version=_version())):
        return HttpResponseRedirect(_next(request))
    messages.success(request, f"Revision {number} is reverted.")
    config = runtime.reload().config
    if link := elsewhere(request, config, found.keys, _next(request)):
        return show_elsewhere(request, link, context | {"title": f"Revision {number} is reverted"})
    return HttpResponseRedirect(_next(request))


def may_decide(request: HttpRequest, waiting: UnconfirmedRevision) -> bool:
    """Return whether the visitor may confirm or revert a revision.

    The visitor must be permitted to change every setting that the revision changed.
    """
    settings, project = get_schema().settings, get_project()
    known = [settings[key] for key in waiting.keys & settings.keys()]
    return may_change(request) and all(project.may_change(request.user, setting) for setting in known)


def _version() -> int:
    """Return the version of the tables that was current when the visitor's permissions were checked."""
    return runtime.seen_snapshot().version


def _find(request: HttpRequest, number: int) -> UnconfirmedRevision | None:
    """Return revision ``number`` if it waits to be confirmed. Otherwise, return ``None``.

    Raise ``PermissionDenied`` if the visitor may not confirm or revert this revision.
    """
    if not may_change(request):
        raise PermissionDenied
    found = next((w for w in confirmation.waiting() if w.number == number), None)
    if found is not None and not may_decide(request, found):
        raise PermissionDenied
    return found


def _obstacle(request: HttpRequest, waiting: UnconfirmedRevision) -> str | None:
    """Return a sentence that says why this request cannot confirm the revision.

    A request can confirm the revision only if the request itself proves that the new settings work. In this
    case, return ``None``.
    """
    config = runtime.get_snapshot().config
    if _revision_of(request) < waiting.number or _is_pending(config, waiting):
        return f"The process that answered does not use revision {waiting.number} yet. Try again in a moment."
    if link := elsewhere(request, config, waiting.keys, _next(request)):
        if link.is_here:
            return "Let your reverse proxy connect to the server's new address. Then confirm again."
        text = "You can confirm revision {} only on a page that was opened with the new settings. {}"
        return format_html(text, waiting.number, link.as_html("Open {} and confirm there."))
    later = [w.number for w in confirmation.waiting() if w.number > waiting.number and w.keys & waiting.keys]
    if later:
        return f"Revision {max(later)} changed the same settings later. Confirm revision {max(later)} first."
    return None


def _revision_of(request: HttpRequest) -> int:
    """Return the number of the revision that is pinned to the request.

    If no revision is pinned, return the number of the current revision.
    """
    return int(request.META.get(REVISION, runtime.get_snapshot().revision))


def _is_pending(config: Any, waiting: UnconfirmedRevision) -> bool:
    """Return whether this process has not acted on the revision yet.

    For example, the process must still move its listener.
    """
    undone = waiting.keys & set(effects.pending(config)) - receipts.pins().keys()
    return any(get_schema()[key].can_lock_out for key in undone)


def _attempt(request: HttpRequest, act: Callable[[], object]) -> bool:
    try:
        act()
    except ConfigError as error:
        _refuse(request, error)
        return False
    return True


def _refuse(request: HttpRequest, error: ConfigError) -> None:
    messages.error(request, full_sentence(error.message, error.keys))


def _next(request: HttpRequest) -> str:
    """Return the URL of the page to show next. The page always belongs to this site."""
    wanted = request.POST.get(NEXT, "")
    if url_has_allowed_host_and_scheme(wanted, None) and wanted.startswith("/"):
        return wanted
    return reverse("admin:config_app_revision_changelist", current_app=getattr(request, "current_app", None))


@dataclasses.dataclass(frozen=True, slots=True)
class BannerRow:
    """An unconfirmed revision as the banner shows it.

    ``link`` leads to the address at which a person can confirm the revision. If the request already used this
    address, ``link`` is ``None``.
    """

    waiting: UnconfirmedRevision
    may_decide: bool
    link: Any


def rows(request: HttpRequest) -> list[BannerRow]:
    """Return a row for each unconfirmed revision.

    If the visitor is not allowed to change settings, return an empty list.
    """
    # If no revision waits to be confirmed, a page needs no query for the banner.
    snapshot = runtime.get_snapshot()
    if snapshot.confirm_by is None or not may_change(request):
        return []
    here = request.get_full_path() if request.method == "GET" else ""
    return [
        BannerRow(w, may_decide(request, w), elsewhere(request, snapshot.config, w.keys, here))
        for w in confirmation.waiting()
    ]
