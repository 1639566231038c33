"""The tests of a project start clean, run no watcher and can override values (E4).

The project is in ``tests/support/adopter``, with a suite of its own. Here, they run as its developers
run them: in any order, alone and in parallel, with pytest and with Django's runner, on each database.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.support.adopters_suite import ADOPTER, Adopter, counts
from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import ForeignProject
from tests.support.soak import IS_SOAK, one_of, times

ALL, OF_DJANGO, MARKED, ISOLATED = 179, 126, 7, 2
"""How many tests pytest finds, how many of them Django's runner finds, how many have the plugin's marker, and
how many cannot run in another process, because they are of Python's ``IsolatedAsyncioTestCase``."""
PUBLIC = {"config_app.api", "config_app.testing", "config_app.testing.unittest"}
WITHOUT_PLUGIN = (
    *("-p", "no:config_app.testing.plugin"),
    *("-o", "markers=override_config(values): x", "-m", "not override_config"),
)
PYTEST = [
    ("-p", "no:randomly"),
    *(("-p", "randomly", f"--randomly-seed={seed}") for seed in range(1, 6)),
    ("-n", "4"),
    ("-n", "4", "--dist", "loadfile"),
    ("--nomigrations",),
    WITHOUT_PLUGIN,
]
DJANGO = [
    (),
    ("--reverse",),
    *((f"--shuffle={seed}",) for seed in range(1, 4)),
    ("--parallel=4", "--exclude-tag=isolated"),
]
DATABASES = ["memory", "file", "postgresql"]
RUNS = [  # make test does the first three
    ("postgresql", "django", ("--shuffle", "--parallel=2", "--exclude-tag=isolated")),
    ("memory", "pytest", ("-n", "2")),
    ("file", "pytest", WITHOUT_PLUGIN),
    *((database, "pytest", arguments) for database in DATABASES for arguments in PYTEST),
    *((database, "django", arguments) for database in DATABASES for arguments in DJANGO),
]
_names = (f"adopter{number}" for number in count(1))


@pytest.fixture
def adopter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adopter]:
    """Give the project; at the end, check that its tests have left no database and no connection."""
    vendor = getattr(request, "param", "memory")
    if vendor != "postgresql":
        yield Adopter(tmp_path / "project", test_file="test.db" if vendor == "file" else "")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    name = next(_names)
    project = Adopter(tmp_path / "project", database_url=server.url(name))
    yield project
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        of_tests = connection.execute(
            "SELECT datname FROM pg_database WHERE datname ~ %s", [f"^(test_)?{name}(_|$)"]
        ).fetchall()
        for (left,) in of_tests:
            connection.execute(f"DROP DATABASE {left}".encode())  # refused if a process is still connected
    assert bool(of_tests) == project.keeps_databases


def expected(runner: str, arguments: tuple[str, ...]) -> int:
    """Return how many tests must pass or be skipped."""
    if runner == "django":
        return OF_DJANGO - ISOLATED if "--exclude-tag=isolated" in arguments else OF_DJANGO
    return ALL - MARKED if arguments == WITHOUT_PLUGIN else ALL


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("adopter", "runner", "arguments"), RUNS[: times(3, len(RUNS))], indirect=["adopter"]
)
def test_all_tests_pass(adopter: Adopter, runner: str, arguments: tuple[str, ...]) -> None:
    done = adopter.run(runner, "tests", *arguments)
    found = counts(done.stdout)
    assert done.returncode == 0, done.stdout
    assert found["passed"] + found.get("skipped", 0) == expected(runner, arguments), done.stdout


@pytest.mark.repeats
@pytest.mark.parametrize("adopter", DATABASES[: times(1, 3)], indirect=True)
def test_each_test_passes_alone(adopter: Adopter) -> None:
    found = adopter.run("pytest", "tests", "--collect-only").stdout
    names = re.findall(r"^tests/.*::.*", found, re.MULTILINE)
    files = list(dict.fromkeys(name.split("::")[0] for name in names))
    assert len(names) == ALL
    for name in random.sample([*files, *names], times(1, len(files) + len(names))):
        done = adopter.run("pytest", name, "--reuse-db")
        assert done.returncode == 0, (name, done.stdout)


@pytest.mark.repeats
@pytest.mark.parametrize("adopter", DATABASES[: times(1, 3)], indirect=True)
@pytest.mark.parametrize("runner", ["pytest", "django"])
def test_tests_that_keep_the_data_of_migrations_pass(adopter: Adopter, runner: str) -> None:
    done = adopter.run(runner, "tests_serialized")
    assert done.returncode == 0, done.stdout
    assert counts(done.stdout)["passed"] == {"pytest": 8, "django": 4}[runner]


@pytest.mark.repeats
@pytest.mark.parametrize("adopter", DATABASES[1:][: times(1, 2)], indirect=True)
def test_a_database_can_be_reused(adopter: Adopter) -> None:
    modules = ["tests/test_commits.py", "tests/test_in_transactions.py"]
    for chosen in [modules, modules] if IS_SOAK else [modules[:1], modules[1:]]:
        done = adopter.run("pytest", *chosen, "--reuse-db")
        assert done.returncode == 0, done.stdout


@pytest.mark.repeats
@pytest.mark.parametrize("adopter", DATABASES[: times(1, 3)], indirect=True)
def test_a_test_that_fails_leaves_nothing_to_the_others(adopter: Adopter) -> None:
    for arguments in ([], ["--lf"]):
        done = adopter.run("pytest", "tests_failing", *arguments)
        failed = set(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE))
        assert failed == {name for name in functions(ADOPTER / "tests_failing") if "fails" in name}, (
            done.stdout
        )
        assert counts(done.stdout)["passed"] == (1 if arguments else 6), done.stdout


def test_the_plugin_of_django_constance_is_named_if_it_reads_the_marker_too(adopter: Adopter) -> None:
    option = "-p no:pytest-django-constance"
    settings = adopter.folder / "pytest.ini"
    settings.write_text(settings.read_text().replace(option, ""))
    done = adopter.run("pytest", "tests/test_functions.py")
    found = counts(done.stdout)
    assert found["error"] > 0
    assert found["error"] == done.stdout.count(f"add {option} to addopts"), done.stdout
    assert found.get("failed", 0) == 0, done.stdout


EARLY = """
from django.apps import AppConfig

class ShopAppConfig(AppConfig):
    name = "shop"

    def ready(self):
        from config_app.api import get_config
        get_config()
"""
LASTING = """
import threading
import time
from django.test import TransactionTestCase

class Lasting(TransactionTestCase):
    def test_the_watcher_ends(self):
        end = time.monotonic() + 30
        while any("config" in thread.name for thread in threading.enumerate()):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
"""


@one_of("any_project", "sqlite", "postgresql")
def test_a_project_that_reads_before_its_tests_watches_nothing_in_them(any_project: ForeignProject) -> None:
    any_project.write("shop/apps.py", EARLY)
    any_project.write("shop/tests.py", LASTING)
    done = any_project.test()
    assert done.returncode == 0, done.stderr


def functions(folder: Path) -> Iterator[str]:
    """Yield the name of each test in a folder."""
    for module in folder.glob("test_*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield node.name


def test_the_suite_uses_no_private_name() -> None:
    for module in [*ADOPTER.glob("conftest.py"), *ADOPTER.glob("tests*/*.py")]:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("config_app"):
                assert node.module in PUBLIC, (module, node.module)
                assert not any(alias.name.startswith("_") for alias in node.names), module
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("config_app") for alias in node.names), module
            if isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_") or node.attr.endswith("__"), (module, node.attr)
