"""No planted secret is on any page, in any output or log, or in plain text in any stored data (K5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from config_app.api import plan
from config_app.cli import command
from config_app.cli.verbs.validate import Validate
from config_app.live import runtime
from config_app.store.process import process
from config_app.transfer import passphrase
from hub.logs.level import apply_level
from hub.models import User
from hub.runtime_config import get_config
from hub.start import claim_record
from tests.support.browsers.clients import configure
from tests.support.browsers.editor import EDITOR
from tests.support.browsers.wizard_walk import ADMIN
from tests.support.databases.in_process import ONLY_SQLITE
from tests.support.databases.kept_rows import insert_once
from tests.support.event_stream import sign_in
from tests.support.keys import locked_here
from tests.support.leaks import commands, copies, pages, reports
from tests.support.leaks.addresses import addresses, one_of_each
from tests.support.leaks.planted import (
    NASTY,
    OF_SETTINGS,
    TYPED,
    Planted,
    claim,
    claimed,
    fill_draft,
    permit_everything_to_staff,
    unclaimed,
)
from tests.support.leaks.scanner import Scanner
from tests.support.processes.hub_process import PASSWORD as SERVED_PASSWORD
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import IS_SOAK, times
from tests.support.workos.authkit import API_KEY, AuthKit
from tests.support.workos.fixtures import MODE, Visitor, change

pytestmark = pytest.mark.django_db(transaction=True)

Search = Callable[[Scanner, Planted, Path], None]

APART = times(4, 1)
"""Where ``make test`` visits all addresses in one role, it visits only each fourth address in another."""

LEVELS = {"stranger": "critical", "member": "error", "staff": "info", "super admin": "debug"}
"""The log level while a person with this role visits addresses. A lower level logs more."""

ECHOED = {("typed code", "POST /unlock/ as stranger")}
"""A person who mistyped a letter of the recovery code gets the page again, with the code to correct."""

WAYS = {"sqlite": (commands.PLAIN, commands.MISTAKEN), "postgresql": (commands.LOUD,)}
"""How ``make test`` runs each command on each database; ``make soak`` runs it in every way on both."""

KEEPS_SESSIONS = {"file .db", "file .db-wal", "pg_dump", "table django_session", "table hub_workos_session"}
"""Django stores the keys of sessions in plain text. A person who copies the database can use these keys."""


@pytest.fixture(autouse=True)
def _quick_and_loud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let commands log, and restore afterwards what a command or a log level changes in the process."""
    levels = {
        name: logging.getLogger(name).level for name in ("", "hub", "config_app", "setup_wizard", "django")
    }
    monkeypatch.setattr(command, "_prepare_process", lambda: None)
    monkeypatch.setitem(passphrase.COST, "n", 2**10)
    was_short = process.is_short_command
    yield
    process.is_short_command = was_short
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def new(transactional_db: None, install: None, authkit: AuthKit) -> Planted:
    """Give an unclaimed install with planted secrets, and a holder who has entered some of them."""
    return unclaimed()


@pytest.fixture
def hub(transactional_db: None, install: None, authkit: AuthKit) -> Planted:
    """Give a claimed hub with planted secrets, whose owner has kept the recovery code."""
    planted = insert_once("planted", lambda: claimed(claim()))
    permit_everything_to_staff()
    claim_record.keep(is_claimed=True)
    runtime.reload()
    return planted.copy()


@pytest.mark.repeats
@ONLY_SQLITE
def test_no_page_shows_a_secret_before_the_claim(new: Planted) -> None:
    scanner = Scanner(new.canaries)
    fill_draft(new.browsers["holder"])
    configure(log_level="debug")
    apply_level(get_config())
    wizard = [address for address in addresses() if address.startswith("/setup/")]
    for role, client in new.browsers.items():
        is_thorough = IS_SOAK or role == "holder"
        others = one_of_each()[:: APART if is_thorough else 1]  # the stranger visits all of them
        pages.visit(scanner, role, client, dict.fromkeys([*wizard, *others]), is_thorough=is_thorough)
    assert scanner.beyond(set()) == []


@pytest.mark.repeats
@ONLY_SQLITE
def test_no_page_shows_a_secret_after_the_claim(hub: Planted) -> None:
    scanner = Scanner(hub.canaries)
    for role, level in LEVELS.items():
        configure(log_level=level)
        apply_level(get_config())
        found = addresses() if role == "super admin" else one_of_each()[:: APART if role == "member" else 1]
        is_thorough = IS_SOAK or role in {"stranger", "super admin"}
        pages.visit(scanner, role, hub.browsers[role], found, is_thorough=is_thorough)
    assert scanner.beyond(set()) == []


@ONLY_SQLITE
def test_no_page_shows_a_secret_while_the_keyring_is_locked(hub: Planted) -> None:
    scanner = Scanner(hub.canaries)
    with locked_here():
        pages.visit(scanner, "stranger", hub.browsers["stranger"], one_of_each())
    assert scanner.beyond(ECHOED) == []


@pytest.mark.repeats
@ONLY_SQLITE
def test_no_page_shows_a_secret_in_mode_workos(hub: Planted, authkit: AuthKit, visitor: Visitor) -> None:
    change(**MODE)
    visitor.sign_in(authkit)
    assert visitor.may_administer()
    sealed = get_config().workos_cookie_password
    assert sealed is not None
    session = str(visitor.session.session_key)
    scanner = Scanner(
        {**hub.canaries, "API key": API_KEY, "cookie password": sealed.reveal(), "session": session}
    )
    roles = {"stranger": (hub.browsers["stranger"], APART), "super admin": (visitor, 1)}
    for role, (client, distance) in roles.items():
        is_thorough = IS_SOAK or role == "super admin"
        pages.visit(scanner, role, client, one_of_each()[::distance], is_thorough=is_thorough)
    assert scanner.beyond(set()) == []


@pytest.mark.repeats
@ONLY_SQLITE
def test_no_crash_report_shows_a_secret(hub: Planted) -> None:
    mails, debug_pages = Scanner(hub.canaries), Scanner(hub.stored)
    for role, distance in (("stranger", APART), ("super admin", 1)):
        reports.crash(mails, debug_pages, role, hub.browsers[role], one_of_each()[::distance])
    client = hub.browsers["super admin"]
    for address in ("/auth/proof", EDITOR):
        send = list(pages.requests(client, address, is_thorough=False))[1][1]
        reports.crash_once(mails, debug_pages, f"POST {address}", client, send)
    assert mails.beyond(set()) + debug_pages.beyond(set()) == []


@pytest.mark.repeats
def test_no_command_shows_a_secret(hub: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scanner = Scanner(hub.canaries)
    shown = commands.reveal(scanner)
    ways = commands.EVERY_WAY if IS_SOAK else WAYS[connection.vendor]
    commands.run_all(scanner, ways=ways)
    assert scanner.beyond(shown | commands.dumped(ways)) == []


def test_no_copy_of_the_data_has_a_secret(hub: Planted, tmp_path: Path) -> None:
    scanner = Scanner(hub.canaries)
    copies.search_exports(scanner, tmp_path, TYPED["typed passphrase"])
    copies.search_database(scanner)
    keys = {found for found in scanner.found if found[0].startswith("session of the ")}
    assert {place for _name, place in keys} <= KEEPS_SESSIONS
    assert scanner.beyond(keys) == []


@ONLY_SQLITE
def test_the_server_logs_no_secret_at_level_debug(hub_process: HubProcess) -> None:
    hub_process.claim()
    current = {key: values[1] for key, values in OF_SETTINGS.items()}
    secrets = current | {"password": SERVED_PASSWORD, "code in an address": TYPED["typed token"]}
    hub_process.config("set", "log_level", "debug")
    hub_process.serve(workers=1)
    for key, secret in current.items():
        hub_process.manage("config", "set", key, "--stdin", "--wait", text=secret)
    secrets["session"] = sign_in(hub_process).partition("sessionid-")[2].partition("=")[2].partition(";")[0]
    assert secrets["session"]
    hub_process.get(f"/auth/callback?code={TYPED['typed token']}&state={TYPED['typed token']}")
    hub_process.config("rotate-key", "--yes")
    hub_process.stop()
    scanner = Scanner(secrets)
    scanner.look("the log", hub_process.log.read_bytes())
    assert b"DEBUG" in hub_process.log.read_bytes()
    assert scanner.beyond(set()) == []


ON_PURPOSE = f"a canary in the wrong place {NASTY}"


def name_a_person() -> None:
    User.objects.filter(email=ADMIN).update(name=ON_PURPOSE)


def report_to_it() -> None:
    configure(csp_report_uri=f"https://csp.example/{quote(ON_PURPOSE, safe='')}")


def change_with_it_as_reason() -> None:
    plan({"port": 9001}).apply(reason=ON_PURPOSE)


def type_it_into_a_form() -> None:
    pages.GUESSES["public_url"] = ON_PURPOSE


def visit(address: str) -> Search:
    return lambda scanner, hub, _folder: pages.visit(
        scanner, "super admin", hub.browsers["super admin"], [address]
    )


def crash(address: str) -> Search:
    return lambda scanner, hub, _folder: reports.crash(
        scanner, scanner, "super admin", hub.browsers["super admin"], [address]
    )


def run(command: str) -> Search:
    return lambda scanner, _hub, _folder: commands.run_all(scanner, command)


def copy(scanner: Scanner, _hub: Planted, folder: Path) -> None:
    copies.search_exports(scanner, folder, TYPED["typed passphrase"])
    copies.search_database(scanner)


LEAKS: dict[str, tuple[Callable[[], None] | None, Search, str | tuple[str, ...]]] = {
    "a page": (name_a_person, visit("/admin/hub/user/"), "GET /admin/hub/user/ as super admin"),
    "a page after a mistake": (type_it_into_a_form, visit(EDITOR), f"POST {EDITOR} as super admin"),
    "the answer to a program": (report_to_it, visit("/api/config"), "GET /api/config as super admin"),
    "a header": (report_to_it, visit("/"), "headers of GET / as super admin"),
    "the log": (None, visit(f"/{quote(ON_PURPOSE)}"), "log of django.request"),
    "a command": (change_with_it_as_reason, run("config history"), "config history"),
    "a crash report": (
        None,
        crash(f"/?q={quote(ON_PURPOSE)}"),
        f"e-mail about GET /?q={quote(ON_PURPOSE)} as ",
    ),
    "the debug page": (
        None,
        crash(f"/?q={quote(ON_PURPOSE)}"),
        f"debug page of GET /?q={quote(ON_PURPOSE)} as ",
    ),
    "the table of accounts": (name_a_person, copy, "table hub_user"),
    "the files of the database": (name_a_person, copy, ("file ", "pg_dump")),
    "a backup": (name_a_person, copy, "content of hub.backup"),
    "an export": (report_to_it, copy, "plain.json"),
}
"""For each kind of place: how a secret gets there, how to search there, and where it is found."""


IN_THE_DATABASE = {"the table of accounts", "the files of the database"}


@pytest.mark.parametrize(
    "place", [p if p in IN_THE_DATABASE else pytest.param(p, marks=ONLY_SQLITE) for p in LEAKS]
)
def test_the_scan_finds_a_secret_that_was_put_there_on_purpose(
    hub: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pages, "GUESSES", dict(pages.GUESSES))
    put, search, found = LEAKS[place]
    if put is not None:
        put()
    scanner = Scanner({"on purpose": ON_PURPOSE})
    search(scanner, hub, tmp_path)
    assert [where for _name, where in scanner.found if where.startswith(found)] != []


@ONLY_SQLITE
def test_the_scan_finds_a_secret_in_a_traceback(hub: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(ON_PURPOSE)

    monkeypatch.setattr(Validate, "run", fail)
    scanner = Scanner({"on purpose": ON_PURPOSE})
    commands.run(scanner, "config", "validate")
    assert scanner.found == {("on purpose", "config validate")}
