"""``config history``: list the revisions: who changed which settings, when, how and why."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app import store
from config_app.cli.revisions import revision_json, revision_lines
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option, find_setting, number
from config_app.models import Revision


class History(Verb):
    """Lists revisions, newest first."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the filters and ``--json``."""
        parser.add_argument("--key", metavar="K", help="only revisions that changed this setting")
        text = "at most N revisions (default: 20)"
        parser.add_argument("--limit", type=number, default=20, metavar="N", help=text)
        parser.add_argument("--before", type=number, metavar="N", help="only revisions before revision N")
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print the matching revisions."""
        revisions = _find(options)
        if options.as_json:
            terminal.json({"revisions": [revision_json(revision) for revision in revisions]})
            return
        if store.read().drifted:
            terminal.line("the database was changed with SQL, and no revision records this change yet")
        for revision in revisions:
            for line in revision_lines(revision):
                terminal.line(line)
        if not revisions:
            terminal.line("no revision matches")


def _find(options: Namespace) -> list[Revision]:
    """Return the matching revisions.

    Raise ``UnknownSetting`` if the key is neither declared nor recorded in the history.
    """
    if options.key is not None and not options.key.isprintable():
        find_setting(options.key)
    revisions = store.history(key=options.key, before=options.before, limit=options.limit)
    if options.key is not None and not revisions:
        find_setting(options.key)
    return revisions
