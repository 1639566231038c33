"""All processes use the same valid values, no matter what is in the tables (R4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config_app.api import UNSET, get_config, plan
from config_app.declaration.schema import Setting
from config_app.errors import InvalidValue
from config_app.live.resolution import read_without_keyring
from config_app.live.snapshot import read_snapshot
from config_app.testing import reset_process
from hub.models import User
from hub.runtime_config import RuntimeConfig, schema
from tests.support.databases.in_process import ONLY_SQLITE
from tests.support.databases.raw_sql import raw_sql, set_row, set_rows
from tests.support.soak import times

pytestmark = pytest.mark.django_db(transaction=True)

GARBAGE = ["", " ", "abc", "-1", "99999999", "banana\n", "\0", "a;b", "é" * 300, "None", "null", "'", "1e3"]


@pytest.fixture(autouse=True)
def _owner(transactional_db: None, owner: User) -> None:
    """Work on a claimed install."""


def restarted() -> RuntimeConfig:
    """Return the configuration that a new process reads."""
    reset_process()
    config: RuntimeConfig = get_config()
    return config


def adopted() -> RuntimeConfig:
    """Return the configuration after the next write, which records the changes made by raw SQL."""
    plan({"log_level": "debug"}).apply()
    return restarted()


def problems_of(key: str) -> list[str]:
    return [problem.code for problem in read_snapshot().problems if key in problem.keys]


def is_valid(setting: Setting, text: str) -> bool:
    try:
        setting.parse(text)
    except InvalidValue:
        return False
    return True


def storable(text: str) -> Any:
    """Return ``text`` as a test parameter; only SQLite accepts a text with the byte 0."""
    return pytest.param(text, marks=ONLY_SQLITE if "\0" in text else ())


@pytest.mark.parametrize("text", [storable(text) for text in GARBAGE])
def test_garbage_in_every_row_at_once_breaks_nothing_and_is_not_in_force(text: str) -> None:
    before = restarted()
    set_rows((setting.key, text, setting.is_secret) for setting in schema.settings.values())
    found = restarted()
    named = {key for problem in read_snapshot().problems for key in problem.keys}
    for key, setting in schema.settings.items():
        if setting.is_secret or not is_valid(setting, text):
            assert schema.value(found, key) == schema.value(before, key), key
            assert key in named
    assert schema.violations(found) == []
    assert adopted() == found or found.log_level != "debug"


@ONLY_SQLITE
@pytest.mark.parametrize("value", [b"\xff\xfe\x00", b"9001", b""])
def test_bytes_that_are_no_text_are_read_or_refused(value: bytes) -> None:
    set_row("port", value)
    assert restarted().port == (9001 if value == b"9001" else 8884)
    assert adopted().port == (9001 if value == b"9001" else 8884)


def test_the_last_good_value_stays_in_force_in_every_process_and_after_restarts() -> None:
    plan({"port": 9001}).apply()
    set_row("port", "abc")
    assert restarted().port == 9001
    assert adopted().port == 9001
    plan({"log_level": "info"}).apply()
    assert restarted().port == 9001
    assert problems_of("port") == ["invalid_value"]


def test_the_last_good_value_may_be_the_default() -> None:
    plan({"port": 9001}).apply()
    plan({"port": UNSET}).apply()
    set_row("port", "abc")
    assert restarted().port == adopted().port == 8884


def test_one_bad_value_after_another_leaves_the_last_good_one() -> None:
    plan({"port": 9001}).apply()
    for text in ("abc", "0", "70000", "abc"):
        set_row("port", text)
        assert restarted().port == adopted().port == 9001


def test_a_refused_value_is_named_with_what_is_expected_and_not_repeated() -> None:
    set_row("port", "canary-value")
    (problem,) = [p for p in read_snapshot().problems if "port" in p.keys]
    assert "port: the stored value is not valid, expected a whole number from 1 to 65535" in str(problem)
    assert "config set port" in problem.fix
    assert "canary" not in str(problem)


def test_a_row_of_no_setting_has_no_effect_and_is_mentioned() -> None:
    before = restarted()
    set_row("portt", "9001")
    assert restarted() == before
    (problem,) = read_snapshot().problems
    assert (problem.code, problem.severity, problem.keys) == ("unknown_setting", "info", ("portt",))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a\nb",
        "sk_test-canary-0001",
        "\x1b[2J",
        "é",
        storable("\0"),
        pytest.param("x" * 500, marks=ONLY_SQLITE),  # longer than the column
    ],
)
def test_a_row_whose_key_could_be_anything_is_not_repeated(key: str) -> None:
    set_row(key, "x")
    (problem,) = read_snapshot().problems
    assert problem.keys == ()
    assert str(problem).startswith("a row: this version knows no such setting")
    adopted()


def test_a_missing_row_is_the_default_and_an_empty_one_is_empty() -> None:
    plan({"allowed_hosts": ""}).apply()
    assert restarted().allowed_hosts == ()
    set_row("log_level", "")
    assert problems_of("log_level") == ["invalid_value"]
    raw_sql("DELETE FROM system_config WHERE config_key = 'log_level'")
    assert problems_of("log_level") == []


def test_without_the_keyring_a_secret_is_only_known_to_be_there() -> None:
    plan({"workos_api_key": "sk_test_canary0001"}).apply()
    config = read_snapshot(read_without_keyring).config
    assert config.workos_api_key is not None
    assert "canary" not in repr(config)
    assert config.reload_webhook_secret is None


@ONLY_SQLITE
def test_garbage_in_the_other_columns_breaks_nothing() -> None:
    raw_sql("UPDATE system_config SET updated_at = 'banana', is_secret = 'x' WHERE config_key = 'app_mode'")
    assert restarted().app_mode == "local"
    assert adopted().log_level == "debug"


@ONLY_SQLITE
def test_a_null_in_a_table_without_its_constraint_is_no_value() -> None:
    raw_sql(
        "CREATE TABLE copy AS SELECT * FROM system_config; DROP TABLE system_config;"
        " ALTER TABLE copy RENAME TO system_config;"
        " CREATE UNIQUE INDEX again ON system_config (config_key);"
        " INSERT INTO system_config VALUES ('port', NULL, 0, NULL)"
    )
    try:
        assert restarted().port == 8884
        plan({"port": 9001}).apply()
        assert restarted().port == 9001
    finally:
        rebuild_table()


def rebuild_table() -> None:
    """Restore the constraints and triggers of the table, as after the migrations."""
    from django.db import connection

    from config_app.models import SystemConfig
    from config_app.store import triggers

    raw_sql("DROP TABLE system_config")
    with connection.schema_editor() as editor:
        editor.create_model(SystemConfig)
    triggers.install(using="default")


@ONLY_SQLITE
@settings(
    max_examples=times(15, 500),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.sampled_from([*schema.settings, "unknown"]),
        st.one_of(
            st.sampled_from(
                ["", "true", "false", "local", "workos", "unconfigured", "a@b.example", "80", "*"]
            ),
            st.text(st.characters(codec="utf-8"), max_size=20),
        ),
        max_size=8,
    )
)
def test_whatever_sql_writes_no_rule_is_ever_broken(changes: dict[str, str]) -> None:
    for key, text in changes.items():
        set_row(key, text)
    before = restarted()
    assert schema.violations(before) == []
    after = adopted()
    assert schema.violations(after) == []
    assert set(schema.changed_keys(before, after)) <= {"log_level"}
