"""Fixtures for all tests: an install in this process, a hub in its own processes, real databases."""

from __future__ import annotations

import gc
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoDbBlocker

from config_app import store
from config_app.change.plan import plan
from config_app.encryption import enrolment
from config_app.encryption.slot_management import new_recovery_code
from config_app.live import runtime
from config_app.project import Project
from config_app.propagation.watcher import Watcher
from config_app.testing import reset_process
from hub.database import migration
from hub.database.location import database_from_url
from hub.logs import request_notes
from hub.logs.format import QUIET
from hub.logs.level import LOGGERS
from hub.models import User
from hub.project import HubProject
from hub.start import claim_record
from tests.support import static_files
from tests.support.browsers.clients import browser
from tests.support.databases import refill
from tests.support.databases.in_process import (
    ON_BOTH_DATABASES,
    ON_BOTH_DATABASES_IN_SOAK,
    DatabaseEntry,
    served_by,
)
from tests.support.databases.kept_rows import insert_once
from tests.support.databases.postgresql import PostgreSQL
from tests.support.process_environment import DATA_DIR
from tests.support.processes import command_server
from tests.support.processes.hub_process import HubProcess
from tests.support.soak import IS_SOAK, choose_examples
from tests.support.waiting import DEADLINE

collect_ignore = ["support/adopter"]  # the tests of a project, which tests/foreign runs
pytest_plugins = [
    "tests.support.keys",
    "tests.support.browsers.running",
    "tests.support.distribution",
    "tests.support.processes.claimed_hubs",
    "tests.support.workos.fixtures",
    "tests.support.workos.shared",
]

PASSWORD = "correct horse battery staple"
OWNER = "owner@example.com"
PROCESSES = {"hub_process", "any_hub_process", "started_hub", "started_once"}
"""Fixtures for tests that need a hub in its own processes."""
OBJECTS_OF_A_COLLECTION = 20_000
"""How many new objects start the garbage collector. Python's own number would start it in each small test."""

LEVELS = {name: logging.getLogger(name).level for name in (*LOGGERS, *QUIET)}
"""The levels of the loggers in a new process. A test that changes the setting ``log_level`` changes them."""

# A real hash takes half a second by design, and no test here needs one.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_configure() -> None:
    """Set how many examples Hypothesis tries, and collect the tests without the garbage collector."""
    choose_examples()
    gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector skip what stays until the end: modules and thousands of collected tests."""
    gc.freeze()
    gc.set_threshold(OBJECTS_OF_A_COLLECTION)
    gc.enable()


def pytest_unconfigure() -> None:
    """End the command server of this process, and remove the instance directory."""
    command_server.stop()
    shutil.rmtree(DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Use a SQLite file for tests instead of a database in memory; each process has its own."""
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(DATA_DIR / "test.db")


@pytest.fixture(scope="session", autouse=True)
def some_work_is_done_once() -> Iterator[None]:
    """Look for static files, migrations, content types and permissions only once, and not for each test."""
    with pytest.MonkeyPatch.context() as patch:
        static_files.find_once(patch.setattr)
        refill.refill_quickly(patch.setattr)
        migration.remember_code()  # as a server does when it starts
        # Otherwise each message would contain the paths of this test run; test_shell_command.py tests them.
        patch.setattr(HubProject, "command_prefix", Project.command_prefix)
        yield


@pytest.fixture(autouse=True)
def fresh_process(database: str) -> Iterator[None]:
    """Let every test start as a new process does, which has read nothing and has no watcher."""
    reset_process()
    request_notes._noted.clear()
    (DATA_DIR / "request-notes.json").unlink(missing_ok=True)
    claim_record.keep(is_claimed=False)  # the tests of a process share an instance directory
    for name, level in LEVELS.items():
        if (logger := logging.getLogger(name)).level != level:
            logger.setLevel(level)
    yield
    reset_process()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Wait for the watchers that a test has stopped, before the test may no longer use the database."""
    for watcher in _watchers():
        if watcher._stopping.is_set():
            watcher.join(DEADLINE)


def _watchers() -> list[Watcher]:
    return [thread for thread in threading.enumerate() if isinstance(thread, Watcher)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some modules twice: on SQLite, and on PostgreSQL."""
    fixtures = set(metafunc.fixturenames)
    has_database = metafunc.definition.get_closest_marker("django_db") or "install" in fixtures
    if not has_database or PROCESSES & fixtures:
        return
    if metafunc.module.__name__ in ON_BOTH_DATABASES:
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True, scope="module")
    elif IS_SOAK and metafunc.module.__name__ in ON_BOTH_DATABASES_IN_SOAK:
        again = pytest.param("postgresql", marks=pytest.mark.repeats)
        metafunc.parametrize("database", ["sqlite", again], indirect=True, scope="module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Remove the PostgreSQL run of each test that is marked ``only_sqlite``."""
    items[:] = [
        item for item in items if not (_on_postgresql(item) and item.get_closest_marker("only_sqlite"))
    ]


def _on_postgresql(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("database") == "postgresql"


@pytest.fixture(scope="module", autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the tests of a module on SQLite, or on PostgreSQL if the fixture's parameter says so."""
    vendor = getattr(request, "param", "sqlite")
    if vendor == "sqlite":
        yield vendor
        return
    with served_by(request.getfixturevalue("postgresql_database")):
        yield vendor


@pytest.fixture
def install(request: pytest.FixtureRequest, db: None) -> None:
    """Give an install in this process, as after the bootstrap; it is claimed if the test has an owner."""
    if "owner" in request.fixturenames:
        insert_once("claimed", bring_up_and_claim)
    else:
        insert_once("unclaimed", bring_up)
    runtime.reload()


def bring_up() -> None:
    """Make the same changes to the test database as a first start makes to an empty database."""
    claim_record.keep(is_claimed=False)
    with store.writing():
        enrolment.ensure_keyring()
        plan({"database_path": "test.db"}, managed=True).apply(actor="hub", channel="bootstrap")
    runtime.reload()


def bring_up_and_claim() -> None:
    """Make the same changes as a first start, and claim the install in local mode."""
    bring_up()
    claim_for(OWNER)


@pytest.fixture
def owner(install: None) -> User:
    """Give the super admin of an install that was claimed in local mode."""
    return User.objects.get(email=OWNER)


def claim_for(email: str) -> User:
    """Claim this process's install in local mode."""
    user = User.objects.create_user(email, PASSWORD, name="Olive Owner")
    changes = {
        "app_mode": "local",
        "setup_completed": True,
        "super_admin_emails": (email,),
        "local_admin_email": email,
    }
    plan(changes, managed=True).apply(actor=user, channel="wizard")
    new_recovery_code(lambda _code: None)
    runtime.reload()
    return user


@pytest.fixture
def owner_client(owner: User) -> Client:
    """Give a browser in which the owner is signed in."""
    client = browser()
    client.force_login(owner)
    return client


@pytest.fixture
def hub_process(tmp_path: Path) -> Iterator[HubProcess]:
    """Give a hub with an empty folder, on SQLite; its commands run in processes of their own."""
    with HubProcess(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """Give a real PostgreSQL server that only this test run uses."""
    with PostgreSQL.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, postgresql_server: PostgreSQL
) -> DatabaseEntry:
    """Give a PostgreSQL database that has the tables of the test database."""
    entry = database_from_url(postgresql_server.new_database(), DATA_DIR).entry
    with served_by(entry), django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
    return entry


@pytest.fixture(params=["sqlite", "postgresql"])
def any_hub_process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubProcess]:
    """Give a hub as ``hub_process`` does; the test runs on SQLite and on PostgreSQL."""
    url = None
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        url = server.new_database()
    with HubProcess(tmp_path / "hub", database_url=url) as hub:
        yield hub
