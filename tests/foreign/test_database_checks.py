"""Wrong options of the database, and routers that contradict it, are reported by ``manage.py check`` (E7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.foreign_project import ForeignProject

ROUTERS = """
class Router:
    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label == "config_app" else None

    def db_for_write(self, model, **hints):
        return "default" if model._meta.app_label == "config_app" else None


class OwnDatabase(Router):
    db_for_write = Router.db_for_read


class Forbids:
    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return False if model_name in ("revision", "change") else None
"""
ANOTHER_ENGINE = """
from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    vendor, display_name = "firebird", "Firebird"
"""
REPLICA = 'DATABASES["replica"] = dict(DATABASES["default"])\n'
OTHER = 'DATABASES["config"] = DATABASES["default"]\n'
PREFIX = 'CONFIG_APP["TABLE_PREFIX"] = '
WRONG = {
    f'{OTHER}CONFIG_APP["DATABASE"] = "confg"': (
        '(config_app.E014) CONFIG_APP["DATABASE"] does not name a database: '
        "DATABASES has no database 'confg'",
        "HINT: name one of default, config",
    ),
    'CONFIG_APP["DATABASE"] = 5': ('CONFIG_APP["DATABASE"] does not name a database: it is not a text',),
    f'{OTHER}DATABASES["default"] = {{}}': (
        "E014) CONFIG_APP[\"DATABASE\"] does not name a database: DATABASES has no database 'default'",
        "HINT: name one of config",
    ),
    'DATABASE_ROUTERS = ["shop.routers.Forbids"]': (
        "(config_app.E015) a router does not let migrate create tables in the database 'default' for these "
        "models of config_app: Revision, Change",
        "HINT: let the router's allow_migrate() return True or None for config_app and 'default'",
    ),
    f'{PREFIX}"Shop_"': (
        '(config_app.E016) CONFIG_APP["TABLE_PREFIX"] is not a valid prefix for names of tables: expected '
        "at most 30 lower-case letters, digits and underscores, starting with a letter",
        'HINT: choose a prefix such as "shop_"',
    ),
    **{
        PREFIX + value: ("config_app.E016",)
        for value in ('"1shop_"', '"shop-"', '"_shop"', '"shop "', '"s" * 31', '"sqlite_"', "5", "None")
    },
    f'{REPLICA}DATABASE_ROUTERS = ["shop.routers.OwnDatabase"]': (
        "(config_app.W004) shop.routers.OwnDatabase.db_for_read() returns replica for config_app, but "
        "the tables of config_app are in 'default'",
        "(config_app.W004) shop.routers.OwnDatabase.db_for_write() returns replica for config_app",
        "HINT: let this method return 'default' or None for config_app",
    ),
    f'{REPLICA}DATABASE_ROUTERS = ["shop.routers.Router"]': ("shop.routers.Router.db_for_read() returns",),
    'DATABASES["default"]["ENGINE"] = "shop.firebird"': (
        "(config_app.W005) the database 'default' is Firebird, for which config_app has no triggers",
        "HINT: use PostgreSQL or SQLite",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> ForeignProject:
    found = ForeignProject(tmp_path / "project")
    found.write("shop/routers.py", ROUTERS)
    found.write("shop/firebird/base.py", ANOTHER_ENGINE)
    return found


@pytest.mark.parametrize("settings", WRONG)
def test_each_mistake_is_reported(project: ForeignProject, settings: str) -> None:
    project.add_settings(settings)
    done = project.manage("check", "--fail-level=WARNING")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [text for text in WRONG[settings] if text not in done.stderr] == [], done.stderr
    assert done.stderr.count("config_app.") >= len([text for text in WRONG[settings] if "HINT" not in text])


def test_a_project_without_a_mistake_gets_no_message(project: ForeignProject) -> None:
    project.add_settings(f'{OTHER}CONFIG_APP["DATABASE"] = "config"\nDATABASES["default"] = {{}}')
    done = project.manage("check", "--fail-level=INFO")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("option", ["DATABASE", "TABLE_PREFIX"])
def test_without_the_check_a_wrong_option_is_refused_too(project: ForeignProject, option: str) -> None:
    project.add_settings(f'CONFIG_APP[{option!r}] = "What?"')
    done = project.manage("config", "show")
    assert done.returncode == 1
    assert done.stderr.startswith(f'error: CONFIG_APP["{option}"] ')
    assert len(done.stderr.splitlines()) == 1
    read = project.run("from config_app.api import get_config; get_config()")
    assert "NotConfigured: " in read.stderr
