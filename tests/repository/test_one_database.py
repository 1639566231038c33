"""All code of the engine uses the database that ``CONFIG_APP["DATABASE"]`` names, and no other (E13)."""

from __future__ import annotations

import ast
import re
from importlib import import_module

import pytest
from django.apps import apps

from config_app.database.managers import OneDatabaseManager
from config_app.database.migration import ConfigMigration
from tests.repository.test_repository import ROOT, files, python_modules

OF_THE_DEFAULT = {"DEFAULT_DB_ALIAS", "connection", "connections", "router", "transaction"}
"""Names of ``django.db`` that mean the default database, or let a router choose one."""
ROUTED = {"asave", "arefresh_from_db", "refresh_from_db", "save"}
"""Methods of a model's instance for which a router chooses the database."""
ALLOWED = {
    "config_app/doctor/database.py": {"DEFAULT_DB_ALIAS"},  # does not name the default in its report
    "config_app/models.py": {"connections"},  # quotes a name for the database of a queryset
    "config_app/propagation/sources.py": {"connections"},  # hooks may use other databases too
}


def names_of_another_database(source: str) -> set[str]:
    """Return what a module uses that could mean another database than the configuration's."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "django.db":
            found |= OF_THE_DEFAULT & {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "django.db.transaction":
            found |= {name.name for name in node.names} - {"TransactionManagementError"}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("django.db")}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= ROUTED & {node.func.attr}
    return found


def test_no_module_of_the_engine_uses_the_default_database() -> None:
    modules = [path for path in python_modules() if path.is_relative_to(ROOT / "config_app")]
    paths = [path for path in modules if not path.is_relative_to(ROOT / "config_app" / "database")]
    found = {str(path.relative_to(ROOT)): names_of_another_database(path.read_text()) for path in paths}
    assert {path: names for path, names in found.items() if names} == ALLOWED


@pytest.mark.parametrize(
    "source",
    [
        "from django.db import connection",
        "from django.db import DatabaseError, transaction",
        "from django.db.transaction import atomic",
        "import django.db",
        "def f(revision):\n    revision.save()",
    ],
)
def test_another_database_is_recognised(source: str) -> None:
    assert names_of_another_database(source)


def names_of_tables(source: str) -> set[str]:
    """Return the texts of a module, other than docstrings, that name a table without its prefix."""
    tables = "|".join(model._meta.db_table for model in apps.get_app_config("config_app").get_models())
    tree = ast.parse(source)
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in described)
    return {
        node.value
        for node in texts
        if isinstance(node.value, str) and re.search(rf"\b({tables})\b", node.value)
    }


def test_no_module_of_the_engine_names_a_table_without_its_prefix() -> None:
    modules = [path for path in python_modules() if path.is_relative_to(ROOT / "config_app")]
    found = {str(path.relative_to(ROOT)): names_of_tables(path.read_text()) for path in modules}
    del found["config_app/models.py"]
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_a_table_without_its_prefix_is_recognised() -> None:
    assert names_of_tables("SQL = f'UPDATE config_change SET {column} = 1'")
    assert names_of_tables('"""About config_change."""\nNAME = f"{PREFIX}config_changes"') == set()


def test_every_model_is_queried_in_the_database_of_the_configuration() -> None:
    models = list(apps.get_app_config("config_app").get_models())
    assert models
    managers = [manager for model in models for manager in (model._default_manager, model._base_manager)]
    assert [manager for manager in managers if not isinstance(manager, OneDatabaseManager)] == []


def test_every_migration_is_recorded_for_its_prefix() -> None:
    names = [path.stem for path in files("config_app/migrations/0*.py")]
    assert names
    modules = [import_module(f"config_app.migrations.{name}") for name in names]
    assert [module for module in modules if not issubclass(module.Migration, ConfigMigration)] == []
