"""``config prune`` removes only old history, and rows of settings that no longer exist."""

from __future__ import annotations

import json

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import CONFIGURATION, ForeignProject

START, END = CONFIGURATION.index("    token: "), CONFIGURATION.index("\n\nclass ShopProject")
WITHOUT_TOKEN = CONFIGURATION[:START] + CONFIGURATION[END:]
CHANGES = """
from config_app.api import UNSET, plan
plan({"token": "canary", "greeting": "one"}).apply()
for number in range(21, 31):
    plan({"page_size": number}).apply()
plan({"is_open": False}).apply()
plan({"is_open": UNSET}).apply()
plan({"page_size": 40}).apply()
"""
EVERYTHING_HOLDS = """
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from config_app.api import get_config, plan, plan_rollback
from config_app.change.adoption import is_unrecorded
from config_app.errors import ConfigError
from config_app.models import Change, Revision, SystemConfig

assert (get_config().page_size, get_config().greeting) == (40, "one"), get_config()
assert not is_unrecorded()
assert sorted(Revision.objects.values_list("number", flat=True)) == [1, 9, 10, 11, 12, 13, 14, 15]
assert {c.key for c in Change.objects.filter(revision=1)} == {"greeting"}
assert {d.key: d.new for d in plan_rollback(10).differences} == {"page_size": "29"}
assert plan_rollback(10).after.greeting == "one"
try:
    plan_rollback(9)
    raise AssertionError
except ConfigError as error:
    assert str(error).startswith("revision 9 is older than revision 10, with which the history begins"), error

client = Client()
client.force_login(User.objects.create_superuser("olive"))
def page(number):
    return client.get(reverse("admin:config_app_revision_change", args=[number]))
assert "/rollback/" in page(11).text and "Old history was removed" not in page(11).text
assert "/rollback/" not in page(9).text and "Old history was removed" in page(9).text
assert reverse("admin:config_app_revision_change", args=[1]) in page(9).text
history = client.get(reverse("admin:config_app_revision_changelist"))
assert history.context_data["cl"].paginator.count == 8 == len(history.context_data["cl"].result_list)
assert client.get(reverse("admin:config_app_systemconfig_changelist")).status_code == 200
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_and_history_are_removed_and_the_rest_holds(
    kind: str, request: pytest.FixtureRequest, project: ForeignProject
) -> None:
    if kind == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        project = ForeignProject(project.folder.parent / "other", database_url=server.new_database())
        project.migrate()
    project.says(CHANGES)
    project.write("shop/configuration.py", WITHOUT_TOKEN)
    dry = json.loads(project.manage("config", "prune", "--keep", "5", "--dry-run", "--json").stdout)
    assert (dry["rows"], dry["history_begins"], dry["changed"]) == (["token"], 10, False)
    done = project.manage("config", "prune", "--keep", "5", "--yes", "--json", "--reason", "tidy")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dry | {"dry_run": False, "changed": True, "revision": 15}
    project.says(EVERYTHING_HOLDS)
    doctor = json.loads(project.manage("config", "doctor", "--json").stdout)
    (history,) = [fact for fact in doctor["facts"] if fact["name"] == "history"]
    assert (history["status"], history["problems"]) == ("ok", [])
    assert history["finding"] == "the last revision is 15, and the history begins with revision 10"
    assert project.manage("config", "prune", "--keep", "6", "--yes").stdout == "nothing to prune\n"
    assert "canary" not in dry["rows"]


def test_a_date_and_a_number_remove_what_both_allow(project: ForeignProject) -> None:
    project.says(CHANGES)
    for limits, first in (
        (["--history-before", "2000-01-01"], 1),
        (["--history-before", "2999-12-31"], 14),
        (["--history-before", "2000-01-01", "--keep", "2"], 1),
        (["--history-before", "2999-12-31T10:00+02:00", "--keep", "2"], 13),
        ([], 1),
    ):
        found = project.manage("config", "prune", *limits, "--dry-run", "--json")
        assert json.loads(found.stdout)["history_begins"] == first, limits
    assert project.manage("config", "prune", "--history-before", "yesterday").returncode == 2
    assert project.manage("config", "prune", "--keep", "0").returncode == 2


def test_an_unconfirmed_revision_is_kept(project: ForeignProject) -> None:
    project.says("""
    from config_app.api import get_config, plan
    from config_app.change import confirmation
    from config_app.change.prune import Limits, prune
    from config_app.models import Revision
    plan({"page_size": 30}).apply()
    plan({"page_size": 31}).apply(confirm_within=60)
    for number in range(5):
        plan({"greeting": f"{number}"}).apply()
    assert prune(Limits(keep=1)).first == 2
    assert Revision.objects.filter(pk=2).exists()
    confirmation.revert(2, actor="ada")
    assert get_config().page_size == 30
    """)
