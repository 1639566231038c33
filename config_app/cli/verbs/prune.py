"""``config prune``: remove old history, and rows whose key belongs to no setting."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from config_app.change.prune import Limits, Pruning, plan_pruning, prune
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, WrongCall, add_writing_options, number
from config_app.errors import is_key_shaped


class Prune(Verb):
    """Removes rows that belong to no setting. With a limit, also removes old history."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the limits, ``--yes`` and the options of verbs that change the configuration."""
        text = "remove revisions older than DATE, such as 2026-01-31 or 2026-01-31T12:00"
        parser.add_argument("--history-before", type=_moment, metavar="DATE", help=text)
        text = "remove all but the newest N revisions; with --history-before, keep at least the newest N"
        parser.add_argument("--keep", type=number, metavar="N", help=text)
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Ask for confirmation, then remove rows and old history. With ``--dry-run``, remove nothing."""
        limits = Limits(before=options.history_before, keep=options.keep)
        found = plan_pruning(limits)
        if options.dry_run or found.is_empty:
            _show(found, terminal, options, "would remove", "dry run: nothing was written")
            return
        if options.as_json and not options.yes:
            raise WrongCall("with --json, the command cannot ask for confirmation; add --yes")
        if not options.yes:
            _show(found, terminal, options, "will remove", "")
            terminal.confirm("Remove all this for good?")
        done = prune(limits, channel="cli", reason=options.reason or "prune")
        _show(done, terminal, options, "removed", f"the last revision is {done.revision}")


def _show(found: Pruning, terminal: Terminal, options: Namespace, verb: str, last_line: str) -> None:
    if options.as_json:
        terminal.json(_as_json(found, is_dry=options.dry_run))
        return
    for line in _lines(found, verb):
        terminal.line(line)
    if found.is_empty:
        terminal.line("nothing to prune")
    elif last_line:
        terminal.line(last_line)


def _lines(found: Pruning, verb: str) -> Iterator[str]:
    for key in found.rows:
        yield f"{verb} {_name(key)}: no setting has this key"
    for old, key in found.renamed.items():
        yield f"{verb} {old}: the setting is called {key} now and keeps its value under {key}"
    if found.revisions or found.changes:
        # If a change set a value that still applies, this change and its revision stay.
        yield (
            f"{verb} {_count(found.revisions, 'revision')} and {_count(found.changes, 'superseded change')}; "
            f"from revision {found.first} on, the history is complete"
        )


def _count(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def _name(key: str) -> str:
    return key if is_key_shaped(key) else "a row whose name is not a valid key"


def _as_json(found: Pruning, *, is_dry: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry,
        "revision": found.revision,
        "changed": not (is_dry or found.is_empty),
        "rows": [_name(key) for key in found.rows],
        "renamed": dict(found.renamed),
        "revisions": found.revisions,
        "changes": found.changes,
        "history_begins": found.first,
    }


def _moment(text: str) -> dt.datetime:
    """Convert a text in ISO 8601 to a ``datetime``; raise ``ArgumentTypeError`` if the text is not valid.

    If the text names no time zone, the time zone is Django's ``TIME_ZONE``.
    """
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("expected a date or a time such as 2026-01-31 or 2026-01-31T12:00") from None
    zone = timezone.get_default_timezone()
    return found if timezone.is_aware(found) else timezone.make_aware(found, zone)
