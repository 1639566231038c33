"""A rule that raises an error is reported by name; settings stay available; the log does not fill up."""

from __future__ import annotations

from tests.support.foreign_project import CONFIGURATION, ForeignProject

RULES = """

def always(config):
    raise ZeroDivisionError("canary")


def returns_nothing(config):
    pass


def returns_texts(config):
    yield "too many"


def of_many(config):
    if config.page_size > 100:
        raise KeyError("canary")
    return ()


def exits(config):
    raise SystemExit


def raises_its_violation(config):
    if config.page_size == 7:
        raise RuleViolation(("page_size", "unknown_key"), "seven is bad luck", "choose another number")
    return ()


RULES = (always, returns_nothing, returns_texts, of_many, exits, raises_its_violation)


class ShopProject"""
FAULTY = (
    CONFIGURATION.replace("class ShopProject", RULES.lstrip(), 1)
    .replace("Schema(ShopConfig)", "Schema(ShopConfig, rules=RULES)")
    .replace("from config_app.secret", "from config_app.errors import RuleViolation\nfrom config_app.secret")
)
NAMES_OF_FAULTY = ("always", "returns_nothing", "returns_texts", "exits")
WATCHED = """
import io, logging, time
from django.db import connection
from config_app.api import get_config, plan, start_watching

log = io.StringIO()
logging.getLogger("config_app").addHandler(logging.StreamHandler(log))
assert get_config().page_size == 20
watcher = start_watching()


def wait_until(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, log.getvalue()
        time.sleep(0.02)


def set_with_sql(number):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE system_config SET config_value = %s", [number])


plan({"page_size": 30}).apply()
set_with_sql("7")
wait_until(lambda: "seven is bad luck" in log.getvalue())
assert get_config().page_size == 30
set_with_sql("150")
wait_until(lambda: get_config().page_size == 150)
time.sleep(2.5)
lines = log.getvalue()
assert watcher.is_alive()
assert "canary" not in lines
for name in ("always", "returns_nothing", "returns_texts", "exits", "of_many"):
    assert lines.count(f"the rule shop.configuration.{name} ") == 1, lines
assert "Traceback" not in lines
"""


def test_a_faulty_rule_is_named_and_everything_else_works(project: ForeignProject) -> None:
    project.write("shop/configuration.py", FAULTY)
    checked = project.manage("check")
    assert checked.stderr.count("(config_app.E012)") == len(NAMES_OF_FAULTY)
    assert "the rule shop.configuration.always failed: ZeroDivisionError in configuration.py, line" in (
        checked.stderr
    )
    assert project.manage("config", "set", "greeting", "Hi").returncode == 0
    assert project.manage("config", "get", "greeting").stdout == "Hi\n"
    refused = project.manage("config", "set", "page_size", "150")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: the rule shop.configuration.of_many failed: KeyError in ")
    assert project.manage("config", "set", "page_size", "7").stderr.startswith(
        "error: page_size, unknown_key: seven is bad luck"
    )
    named = project.manage("config", "validate").stdout
    assert all(named.count(f"the rule shop.configuration.{name} ") == 1 for name in NAMES_OF_FAULTY)
    assert "rules" in project.manage("config", "doctor").stdout
    assert "canary" not in checked.stderr + refused.stderr + named


def test_a_process_that_watches_uses_new_values_and_logs_each_fault_once(project: ForeignProject) -> None:
    project.write("shop/configuration.py", FAULTY)
    project.says(WATCHED)
