"""A value that raw SQL wrote and that was refused stays out of force until it is settled (R4)."""

from __future__ import annotations

import pytest

from config_app.api import UNSET, plan
from config_app.live.snapshot import read_snapshot
from hub.models import User
from hub.runtime_config import schema
from tests.config_app.live.test_resolution import adopted, problems_of, restarted
from tests.support.databases.between_statements import before_statement
from tests.support.databases.raw_sql import raw_sql, set_row, set_rows
from tests.support.doctor_findings import WORKOS_CREDENTIALS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _owner(transactional_db: None, owner: User) -> None:
    """Work on a claimed install."""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE system_config SET config_value = 'workos' WHERE config_key = 'app_mode'",
        "UPDATE system_config SET config_value = '' WHERE config_key = 'super_admin_emails'",
        "DELETE FROM system_config WHERE config_key = 'super_admin_emails'",
        "UPDATE system_config SET config_value = 'x' WHERE config_key IN ('app_mode', 'super_admin_emails')",
    ],
)
def test_a_change_that_breaks_a_rule_is_not_in_force(statement: str) -> None:
    raw_sql(statement)
    for config in (restarted(), adopted(), restarted()):
        assert config.app_mode == "local"
        assert config.super_admin_emails == ("owner@example.com",)
        assert schema.violations(config) == []
    assert problems_of("app_mode") or problems_of("super_admin_emails")


def test_a_valid_change_beside_a_refused_one_is_in_force() -> None:
    raw_sql("UPDATE system_config SET config_value = 'workos' WHERE config_key = 'app_mode'")
    set_row("port", "9001")
    assert (restarted().app_mode, restarted().port) == ("local", 9001)
    assert (adopted().app_mode, adopted().port) == ("local", 9001)


def test_a_refused_value_does_not_come_into_force_with_another_change() -> None:
    raw_sql("UPDATE system_config SET config_value = 'workos' WHERE config_key = 'app_mode'")
    adopted()
    plan(WORKOS_CREDENTIALS).apply()
    assert restarted().app_mode == "local"
    assert problems_of("app_mode") == ["refused_value"]


def test_a_refused_value_does_not_come_into_force_while_another_process_replaces_it() -> None:
    def settle() -> None:
        set_row("app_mode", "local")
        adopted()

    for number in range(100):
        plan(dict.fromkeys(WORKOS_CREDENTIALS, UNSET)).apply()
        set_row("app_mode", "workos")
        adopted()
        plan(WORKOS_CREDENTIALS).apply()
        with before_statement(number, settle) as ran:
            found = read_snapshot()
        assert found.config.app_mode == "local", f"it was replaced before statement {number}"
        if len(ran) <= number:
            break
    assert number > 1


def test_a_refused_value_that_other_sql_makes_valid_is_the_same_before_and_after_the_record() -> None:
    set_row("super_admin_emails", "")
    adopted()
    assert restarted().super_admin_emails == ("owner@example.com",)
    set_row("setup_completed", "false")
    before = restarted()
    after = adopted()
    assert schema.changed_keys(before, after) == []


def test_a_change_that_breaks_a_rule_about_another_setting_is_not_in_force() -> None:
    for key, text in (("setup_completed", "false"), ("super_admin_emails", "")):
        set_row(key, text)
        adopted()
    set_rows([("setup_completed", "true", False), ("port", "9001", False)])
    for config in (restarted(), adopted(), restarted()):
        assert schema.violations(config) == []
        assert (config.setup_completed, config.super_admin_emails, config.port) == (False, (), 9001)
        (problem,) = [found for found in read_snapshot().problems if "setup_completed" in found.keys]
        assert problem.code == "refused_value"
        assert problem.fix.startswith("write a valid value to the row setup_completed with SQL")
    raw_sql("UPDATE system_config SET config_value = 'a@b.example' WHERE config_key = 'super_admin_emails'")
    for config in (restarted(), adopted(), restarted()):
        assert (config.setup_completed, config.super_admin_emails) == (True, ("a@b.example",))


def test_a_new_value_in_sql_is_not_named_because_the_former_one_was_refused() -> None:
    set_row("port", "abc")
    adopted()
    set_row("port", "9001")
    restarted()
    assert problems_of("port") == []


def write_a_mode_and_then_what_it_needs() -> None:
    """Write a mode that is refused because it needs credentials, and set the credentials afterwards."""
    raw_sql("UPDATE system_config SET config_value = 'workos' WHERE config_key = 'app_mode'")
    adopted()
    plan({"workos_client_id": "client_1", "workos_api_key": "sk_test_12345678"}).apply()
    plan({"workos_cookie_password": "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc="}).apply()


def test_to_set_a_refused_value_again_settles_it() -> None:
    write_a_mode_and_then_what_it_needs()
    plan({"app_mode": "workos"}).apply()
    assert restarted().app_mode == "workos"
    assert problems_of("app_mode") == []


def test_to_write_in_sql_again_judges_a_refused_value_anew() -> None:
    write_a_mode_and_then_what_it_needs()
    raw_sql("UPDATE system_config SET config_value = 'workos' WHERE config_key = 'app_mode'")
    assert restarted().app_mode == "workos"
    assert adopted().app_mode == "workos"
    assert problems_of("app_mode") == []


def test_unsetting_a_refused_value_settles_it() -> None:
    set_row("port", "abc")
    adopted()
    plan({"port": UNSET}).apply()
    assert problems_of("port") == []
    assert restarted().port == 8884


def test_a_good_value_in_sql_settles_a_refused_one() -> None:
    set_row("port", "abc")
    adopted()
    set_row("port", "9001")
    assert adopted().port == 9001
    assert problems_of("port") == []
