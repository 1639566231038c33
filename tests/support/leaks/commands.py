"""Runs every management command and every verb of ``config``, also with mistakes, and searches the output."""

from __future__ import annotations

import contextlib
import io
import sys
import traceback
from collections.abc import Collection, Iterator, Sequence

from django.core.management import ManagementUtility, get_commands
from django.db import connections

from config_app.cli.registry import VERBS
from tests.support.leaks.planted import OF_SETTINGS, TYPED
from tests.support.leaks.scanner import Scanner
from tests.support.verb_calls import BEFORE, GOOD_CALL

OURS = {"config_app", "setup_wizard", "hub"}
WITH_DJANGOS_PARSER = {"changepassword", "createsuperuser", "flush", "runserver"}
"""Commands of Django that the project extends. Like others of Django, they repeat unknown arguments."""
DUMP = ("dumpdata", "config_app", "setup_wizard", "hub", "auth")
CALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "backup": (("hub.backup",),),
    "bootstrap": ((),),
    "changepassword": (("absent@example.com",),),
    "createsuperuser": (("--noinput",),),
    "config": ((),),
    "flush": (),
    "loadenv": ((), ("--again",)),
    "restore": (("hub.backup",), ("other.json", "--yes")),
    "runserver": (),
    "serve": (("--bind", "banana"),),
    "setup": ((), ("--mode", "local", "--admin-email", "x", "--password-file", "-")),
    "setup_token": ((),),
    "unlock": ((), ("--stdin",)),
    "upgrade_backup": (("hub.backup",),),
}
"""Calls of the project's own commands. A new command needs an entry here."""
CALLS_OF_OTHERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "check": (("--deploy",),),
    "clearsessions": ((),),
    "diffsettings": ((), ("--all",), ("--output", "unified")),
    "findstatic": (("banana.css",),),
    "inspectdb": ((),),
    "makemigrations": (("--check", "--dry-run"),),
    "migrate": (("--plan",), ()),
    "axes_list_attempts": ((),),
    "dumpdata": (DUMP[1:],),
    "showmigrations": ((),),
    "sqlflush": ((),),
}
"""Calls of Django's commands. The others run for ever, ask questions, or write files."""


PLAIN, LOUD, MISTAKEN = EVERY_WAY = "plain", "loud", "mistaken"
"""Ways to run a command: as it is and with ``--json``; with most output; with mistakes and ``--help``."""
LOUDLY = ("-v", "3", "--traceback")


def run_all(scanner: Scanner, only: str = "", ways: Collection[str] = EVERY_WAY) -> None:
    """Run every command and every verb in ``ways``; with ``only``, just those whose name begins so."""
    assert {name for name, app in get_commands().items() if app in OURS} == set(CALLS)
    for name, app in get_commands().items():
        calls = CALLS[name] if app in OURS else CALLS_OF_OTHERS.get(name, ())
        own = app in OURS and name not in WITH_DJANGOS_PARSER
        for call in _ways([name], calls, own, ways):
            if " ".join(call).startswith(only):
                run(scanner, *call)
    for verb in VERBS:
        for call in _ways(["config", verb.name], _calls(verb.name), True, ways):
            if " ".join(call).startswith(only):
                if verb.name in BEFORE:
                    run(scanner, "config", *BEFORE[verb.name])
                run(scanner, *call)


def _calls(verb: str) -> list[tuple[str, ...]]:
    """Return a call that succeeds and one without arguments, which for most verbs is wrong."""
    return [GOOD_CALL[verb], *([()] if verb != "watch" else [])]  # which would wait for ever


def _ways(
    name: list[str], calls: Sequence[tuple[str, ...]], own: bool, ways: Collection[str]
) -> Iterator[list[str]]:
    for call in calls:
        if PLAIN in ways:
            yield [*name, *call]
        if LOUD in ways:
            yield [*name, *call, *LOUDLY]
        if PLAIN in ways and own:
            yield [*name, *call, "--json"]
    if MISTAKEN in ways:
        yield [*name, "--help"]
        yield [*name, "--no-such-option", "x", "y"]
    if MISTAKEN in ways and own:  # Django's own commands repeat the arguments that they do not know
        yield [*name, TYPED["typed password"], TYPED["typed token"], TYPED["typed secret"]]
        yield [*name, "--no-such-option", TYPED["typed secret"]]


def run(scanner: Scanner, *arguments: str) -> None:
    """Run one command as from a shell, without a terminal, and search what it prints."""
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(TYPED["typed password"])
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            _run(["manage.py", *arguments], err)
    finally:
        sys.stdin = stdin
        connections.close_all()
    scanner.look(" ".join(arguments), f"{out.getvalue()}\n{err.getvalue()}")


def _run(argv: list[str], err: io.StringIO) -> None:
    try:
        ManagementUtility(argv).fetch_command(argv[1]).run_from_argv(argv)
    except SystemExit:
        pass
    except BaseException:  # noqa: BLE001 - Python prints it with its traceback
        err.write(traceback.format_exc())


def reveal(scanner: Scanner) -> set[tuple[str, str]]:
    """Print each secret on purpose; return where it was printed."""
    shown = set()
    for key in OF_SETTINGS:
        run(scanner, "config", "get", key, "--reveal")
        shown.add((f"{key} 2", f"config get {key} --reveal"))
    return shown


def dumped(ways: Collection[str]) -> set[tuple[str, str]]:
    """Return where the table of WorkOS's sessions is printed, which has the keys of Django's sessions."""
    calls = {PLAIN: DUMP, LOUD: (*DUMP, *LOUDLY)}
    return {("session of the super admin", " ".join(calls[way])) for way in ways if way in calls}
