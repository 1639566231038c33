"""The number of queries does not grow with the number of settings."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config_app.api import plan
from hub.models import User
from tests.support import generated_schema
from tests.support.browsers.editor import EDITOR, Editor, browser, last_revision

FRAMEWORK = ("django_session", "hub_user", "SAVEPOINT", "BEGIN", "COMMIT")


def queries_of(captured: CaptureQueriesContext) -> list[str]:
    """Return the SQL statements of the configuration, without those for sessions and transactions."""
    return [q["sql"] for q in captured if not any(word in q["sql"] for word in FRAMEWORK)]


def load_and_save(owner: User, name: str, count: int) -> tuple[list[str], list[str]]:
    """Return the queries for loading the editor, and those for changing one of ``count`` stored settings."""
    with generated_schema.project(name):
        plan({f"extra_{n}": n + 1 for n in range(count)}).apply()
        editor = Editor(browser(owner))
        with CaptureQueriesContext(connection) as loading:
            editor.client.get(EDITOR)
        with CaptureQueriesContext(connection) as saving:
            assert editor.save(extra_7="77").status_code == 302
    return queries_of(loading), queries_of(saving)


@pytest.mark.django_db(transaction=True)
def test_loading_and_saving_take_the_same_queries_for_20_and_for_300_settings(
    transactional_db: None, owner: User
) -> None:
    few = load_and_save(owner, "Few", 20)
    many = load_and_save(owner, "Many", 300)
    assert [len(queries) for queries in few] == [len(queries) for queries in many]
    assert len(many[0]) <= 10, many[0]
    assert len(many[1]) <= 12, many[1]


def test_all_of_300_settings_are_saved_as_one_revision(owner: User) -> None:
    with generated_schema.project("Many"):
        Editor(browser(owner)).save(**{f"extra_{n}": "5000" for n in range(300)})
        assert last_revision().changes.count() == 300
