"""Prints what a verb has changed or would change: the plan, the revision, or that nothing changes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from config_app.change.findings import added_by
from config_app.change.plan import Difference, Plan
from config_app.cli.terminal import Terminal, abbreviated
from config_app.declaration.schema import NOT_SET
from config_app.declaration.setting import TakesEffect
from config_app.declaration.unset import UNSET
from config_app.errors import DatabaseUnavailable
from config_app.models import Revision
from config_app.presentation.changes import clock
from config_app.problems import Problem, runnable

if TYPE_CHECKING:
    from config_app.propagation.convergence import Convergence


def commit(
    plan: Plan, options: Namespace, terminal: Terminal, *, reason: str = "", channel: str = "cli"
) -> None:
    """Apply ``plan`` and print the result. With ``--dry-run``, only print the plan.

    With ``--wait``, raise ``NotEverywhere`` if some processes do not use the revision in time.
    """
    findings = added_by(plan)
    if options.dry_run:
        show_dry_run(plan, terminal, as_json=options.as_json, findings=findings)
        return
    within = getattr(options, "confirm", None)
    if getattr(options, "wait", None) is None:
        revision = plan.apply(channel=channel, reason=options.reason or reason, confirm_within=within)
        show_revision(
            revision, plan, terminal, as_json=options.as_json, confirm_within=within, findings=findings
        )
        return
    from config_app.propagation.convergence import Convergence

    waiting = Convergence()
    revision = plan.apply(channel=channel, reason=options.reason or reason, confirm_within=within)
    _show_everywhere(waiting, revision, plan, options, terminal, findings)


def _show_everywhere(
    waiting: Convergence,
    revision: Revision | None,
    plan: Plan,
    options: Namespace,
    terminal: Terminal,
    findings: Sequence[Problem],
) -> None:
    """Print the revision and wait until every process uses it. Then print how many processes use it.

    If some processes do not use the revision in time, raise ``NotEverywhere``. The error names these
    processes.
    """
    from config_app.propagation.convergence import NotEverywhere

    if not options.as_json:
        show_revision(
            revision, plan, terminal, as_json=False, confirm_within=options.confirm, findings=findings
        )
    keys = [edit.key for edit in plan.edits]
    found = waiting.until(revision.number if revision else plan.revision, keys, options.wait)
    stuck = waiting.stuck(found)
    if options.as_json:
        everywhere = {"everywhere": not stuck}
        made = _revision_json(revision, plan, options.confirm) | _findings_json(findings)
        terminal.json(made | found.as_json() | everywhere)
    if stuck:
        raise NotEverywhere(found, stuck)
    if not options.as_json:
        terminal.line(str(found))


def show_dry_run(plan: Plan, terminal: Terminal, *, as_json: bool, findings: Sequence[Problem] = ()) -> None:
    """Print what ``plan`` would change, what would need attention, and that nothing was written."""
    if as_json:
        would = {"dry_run": True, "revision": plan.revision, "changes": _changes_json(plan)}
        terminal.json(would | _findings_json(findings))
    elif plan.differences:
        show_plan(plan, terminal)
        terminal.line("dry run: nothing was written")
        _warn_of(findings, terminal)
    else:
        terminal.line(_nothing_to_change(plan))


def show_plan(plan: Plan, terminal: Terminal) -> None:
    """Print what ``plan`` would change, with secrets masked."""
    terminal.line(f"plan for revision {plan.revision + 1}:")
    for difference in plan.differences:
        terminal.line(f"  {_difference(difference, plan)}{_effect_suffix(difference)}")
    for line in _pinned_lines(plan):
        terminal.line(line)


def show_revision(
    revision: Revision | None,
    plan: Plan,
    terminal: Terminal,
    *,
    as_json: bool,
    confirm_within: float | None = None,
    findings: Sequence[Problem] = (),
) -> None:
    """Print the revision that ``plan`` has made. If ``revision`` is ``None``, print that nothing changed.

    ``findings`` are what now needs attention because of the change.
    """
    if as_json:
        terminal.json(_revision_json(revision, plan, confirm_within) | _findings_json(findings))
        return
    if revision is None:
        terminal.line(_nothing_to_change(plan))
        return
    summary = "; ".join(_difference(difference, plan) for difference in plan.differences)
    terminal.line(f"revision {revision.number}: {summary}")
    for line in (*_delayed_lines(plan.differences), *_pinned_lines(plan)):
        terminal.line(line)
    if confirm_within is not None:
        terminal.line(deadline_line(revision.number, confirm_within))
    _warn_of(findings, terminal)


def _warn_of(findings: Iterable[Problem], terminal: Terminal) -> None:
    for problem in findings:
        terminal.warn(str(problem))


def _findings_json(findings: Sequence[Problem]) -> dict[str, Any]:
    return {"findings": [problem.as_json() for problem in findings]} if findings else {}


def deadline_line(number: int, seconds_left: float) -> str:
    """Return a line that says when an unconfirmed revision reverts and how to keep the revision."""
    left = clock(seconds_left)
    command = runnable(f"manage.py config confirm {number}")
    return f"revision {number} reverts in {left} unless it is confirmed: {command}"


def _revision_json(
    revision: Revision | None, plan: Plan, confirm_within: float | None = None
) -> dict[str, Any]:
    number = revision.number if revision else plan.revision
    changes = _changes_json(plan) if revision else []
    found = {"revision": number, "changed": revision is not None, "changes": changes}
    return found | ({"confirm_within": confirm_within} if revision and confirm_within is not None else {})


def _nothing_to_change(plan: Plan) -> str:
    what = "all settings already have these values"
    if len(plan.changes) == 1:
        what = f"{next(iter(plan.changes))} already has this value"
    return f"nothing to change: {what} at revision {plan.revision}"


def _difference(difference: Difference, plan: Plan) -> str:
    """Return one change as text, such as ``port 8884 (default) → 8885``."""
    had_row = any(edit.key == difference.key and edit.old is not None for edit in plan.edits)
    old = _shown(difference.old, is_default=not had_row)
    new = _shown(difference.new, is_default=plan.changes.get(difference.key) is UNSET)
    return f"{difference.key} {old} → {new}"


def _shown(text: str, *, is_default: bool) -> str:
    mark = " (default)" if is_default and text != NOT_SET else ""
    return f"{abbreviated(text) or '(empty)'}{mark}"


def _effect_suffix(difference: Difference) -> str:
    is_live = difference.takes_effect is TakesEffect.LIVE
    return "" if is_live else f", takes effect {difference.takes_effect.description}"


def _delayed_lines(differences: Iterable[Difference]) -> Iterable[str]:
    for difference in differences:
        if difference.takes_effect is not TakesEffect.LIVE:
            yield f"{difference.key} takes effect {difference.takes_effect.description}"


def _pinned_lines(plan: Plan) -> list[str]:
    """Return a line for each changed setting that is pinned on the command line of a running process."""
    # Only settings of listeners and workers can be pinned. Other changes need no query.
    keys = {d.key for d in plan.differences if d.takes_effect is not TakesEffect.LIVE}
    if not keys or not plan.revision:  # before the first revision, no process runs
        return []
    from config_app.propagation import progress, receipts

    try:
        pins = list(progress.pinned(receipts.running()))
    except DatabaseUnavailable:
        return []  # The change is committed, so this is no reason to report a failure.
    return [f"{key} is {text}" for key, text in pins if key in keys]


def _changes_json(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "key": difference.key,
            "label": difference.label,
            "old": difference.old,
            "new": difference.new,
            "to_default": plan.changes.get(difference.key) is UNSET,
            "takes_effect": difference.takes_effect.value,
        }
        for difference in plan.differences
    ]
