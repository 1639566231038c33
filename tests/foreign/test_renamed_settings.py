"""A renamed setting keeps its value, history and environment variable; a message tells the new name."""

from __future__ import annotations

import json

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import CONFIGURATION, ForeignProject

RENAMED = (
    CONFIGURATION.replace("    page_size: int", "    entries: int")
    .replace("    token: Secret", "    bank_token: Secret")
    .replace(
        'help="Entries on a page."', 'help="E.", formerly=("page_size",), imported_from=("SHOP_ENTRIES",)'
    )
    .replace('help="From the bank."', 'help="T.", formerly=("old_token", "token")')
)
BEFORE = """
from config_app.api import plan
plan({"page_size": 30, "token": "first"}).apply(actor="ada", reason="long ago")
plan({"page_size": 40, "token": "canary", "greeting": "Hi"}).apply(actor="bob", reason="yesterday")
"""
AFTER = """
import warnings
from config_app.api import UNSET, get_config, plan, plan_rollback
from config_app.errors import InvalidPlan
from config_app.models import Change, Revision, SystemConfig
from config_app.project import get_schema

warnings.simplefilter("error")
config = get_config()
assert (config.entries, config.bank_token.reveal(), config.greeting) == (40, "canary", "Hi"), config
assert get_schema()["entries"].imported_from == ("SHOP_ENTRIES", "SHOP_PAGE_SIZE")
assert plan({"entries": 40, "bank_token": "canary"}).apply() is None  # nothing differs
assert set(SystemConfig.objects.values_list("pk", flat=True)) >= {"page_size", "token"}

plan({"entries": 50}).apply()
assert get_config().entries == 50
assert not SystemConfig.objects.filter(pk="page_size").exists()
back = plan_rollback(1)
assert {d.key: (d.old, d.new) for d in back.differences}["entries"] == ("50", "30")
back.apply()
assert (get_config().entries, get_config().bank_token.reveal()) == (30, "first")
plan({"bank_token": UNSET}).apply()
assert get_config().bank_token is None
assert not SystemConfig.objects.filter(pk__in=["token", "bank_token"]).exists()

try:
    plan({"page_size": 60})
except DeprecationWarning as warning:
    assert str(warning) == "the setting page_size is called entries now", warning
warnings.simplefilter("ignore")
plan({"page_size": 60}).apply()
assert get_config().entries == 60
try:
    plan({"page_size": 60, "entries": 60})
except InvalidPlan as error:
    assert "entries: given twice" in str(error), error
"""
INVALID = """
from django.db import connection
from config_app.api import get_config
from config_app.change.adoption import adopt_now, is_unrecorded
from config_app.models import Change

assert not is_unrecorded()
with connection.cursor() as cursor:
    cursor.execute("UPDATE system_config SET config_value = '999' WHERE config_key = 'page_size'")
adopt_now()
assert get_config().entries == 40, get_config()
assert Change.objects.latest("pk").key == "entries" and Change.objects.latest("pk").refused
assert not is_unrecorded()
with connection.cursor() as cursor:
    cursor.execute("UPDATE system_config SET config_value = '70' WHERE config_key = 'page_size'")
adopt_now()
from config_app.api import reload_config
assert reload_config().entries == 70
assert not is_unrecorded()
with connection.cursor() as cursor:  # a process of the earlier version writes once more
    cursor.execute("INSERT INTO system_config (config_key, config_value) VALUES ('entries', '80')")
adopt_now()
assert reload_config().entries == 80
adopt_now()
assert not is_unrecorded()
"""


def renamed(project: ForeignProject) -> ForeignProject:
    """Return the project after a deployment that renamed two settings."""
    project.says(BEFORE)
    project.write("shop/configuration.py", RENAMED)
    return project


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_values_and_history_are_carried_over(
    kind: str, request: pytest.FixtureRequest, project: ForeignProject
) -> None:
    if kind == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        project = ForeignProject(project.folder.parent / "other", database_url=server.new_database())
        project.migrate()
    renamed(project).says(AFTER)


def test_a_value_under_the_former_key_is_validated_and_recorded(project: ForeignProject) -> None:
    renamed(project).says(INVALID)


def test_the_command_line_knows_both_keys_and_warns(project: ForeignProject) -> None:
    renamed(project)
    assert project.manage("check").returncode == 0
    found = project.manage("config", "get", "page_size")
    assert (found.stdout, found.stderr) == (
        "40\n",
        "warning: page_size: this setting is called entries now\n",
    )
    assert "page_size: this setting is called entries now" in project.manage("config", "validate").stdout
    history = json.loads(project.manage("config", "history", "--key", "entries", "--json").stdout)
    assert [revision["number"] for revision in history["revisions"]] == [2, 1]
    assert "yesterday" in project.manage("config", "why", "entries").stdout
    assert project.manage("config", "set", "page_size", "45").returncode == 0
    assert project.manage("config", "get", "entries").stdout == "45\n"
    assert project.manage("config", "get", "bank_token", "--reveal").stdout == "canary\n"
    doctor = project.manage("config", "doctor", "--json")
    facts = {fact["name"]: fact["status"] for fact in json.loads(doctor.stdout)["facts"]}
    assert (facts["history"], facts["secrets"], facts["archived_secrets"]) == ("ok", "ok", "ok")


def test_prune_stores_values_under_their_current_keys(project: ForeignProject) -> None:
    renamed(project)
    dry = project.manage("config", "prune", "--dry-run")
    assert "would remove page_size: the setting is called entries now" in dry.stdout
    assert project.manage("config", "prune").returncode == 1  # there is no terminal for the question
    assert project.manage("config", "prune", "--yes").returncode == 0
    assert project.manage("config", "validate").returncode == 0
    project.write("shop/configuration.py", RENAMED.replace("formerly=", "imported_from=() or "))
    project.write("shop/configuration.py", RENAMED.replace('formerly=("page_size",), ', ""))
    assert project.manage("config", "get", "entries").stdout == "40\n"
    assert project.manage("config", "get", "bank_token", "--reveal").stdout == "canary\n"


def test_impossible_former_keys_are_refused_by_the_check(project: ForeignProject) -> None:
    wrong = RENAMED.replace('("page_size",)', '("greeting", "a b", "encryption_key_salt", "token")')
    project.write("shop/configuration.py", wrong)
    done = project.manage("check")
    assert (done.returncode, done.stderr.count("(config_app.E013)")) == (1, 4)
