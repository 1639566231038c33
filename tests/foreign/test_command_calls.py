"""``manage.py config`` behaves like every other Django command."""

from __future__ import annotations

import pytest

from tests.support.foreign_project import ForeignProject

CALLS = """
from io import StringIO

from django.core.management import CommandError, call_command

from config_app.errors import ConfigError, InvalidPlan


def refused(*arguments, **options):
    try:
        call_command("config", *arguments, stdout=StringIO(), stderr=StringIO(), **options)
    except CommandError as error:
        return error
    raise AssertionError(arguments)


error = refused("set", "page_size", "999")
assert str(error) == "page_size: expected a whole number from 1 to 200", error
assert isinstance(error.__cause__, InvalidPlan), error.__cause__
assert error.returncode == 1
both = refused("set", "page_size=999", "is_open=maybe")
assert str(both).splitlines()[0] == str(error), both
assert str(both).count("\\n") == 1, both
assert refused("set", "page_size").returncode == 2
assert isinstance(refused("get", "pagesize").__cause__, ConfigError)
for line in ("rollback 9", "confirm", "reset", "show --section=x", "set --nonsense", ""):
    refused(*line.split())

out = StringIO()
call_command("config", "set", "page_size=30", reason="slow", dry_run=True, verbosity=0, stdout=out)
assert "dry run" in out.getvalue()
call_command("config", "set", "page_size=30", reason="slow", stdout=StringIO(), no_color=True)
out = StringIO()
call_command("config", "history", limit=1, stdout=out)
assert "slow" in out.getvalue()
call_command("config", "reset", every_setting=True, yes=True, stdout=StringIO())
out = StringIO()
call_command("config", "get", "page_size", stdout=out)
assert out.getvalue() == "20\\n"
"""


def test_call_command_raises_command_errors_and_accepts_options(project: ForeignProject) -> None:
    assert project.says(CALLS) == ""


@pytest.mark.parametrize(
    "options",
    [
        ("--settings=shop_settings", "--pythonpath=.", "--no-color", "--verbosity=2", "--traceback"),
        ("--settings", "shop_settings", "--pythonpath", ".", "--force-color", "-v", "0", "--verbosity", "3"),
    ],
)
def test_the_options_of_every_command_may_follow_the_verb(
    project: ForeignProject, options: tuple[str, ...]
) -> None:
    done = project.manage("config", "set", *options, "page_size", "30")
    assert (done.returncode, done.stderr) == (0, "")
    done = project.manage("config", "get", "page_size", *options)
    assert (done.returncode, done.stdout) == (0, "30\n")


def test_settings_after_the_verb_choose_the_project(project: ForeignProject) -> None:
    project.write(
        "elsewhere.py", 'from shop_settings import *\nCONFIG_APP = {"PROJECT": "shop.x.NoProject"}\n'
    )
    done = project.manage("config", "show", "--settings=elsewhere")
    assert done.stderr.startswith('error: CONFIG_APP["PROJECT"] cannot be imported')
    project.manage("config", "set", "page_size=30", "token=t")
    done = project.manage("config", "reset", "--yes", "--settings=shop_settings")
    assert (done.returncode, done.stdout) == (0, "revision 2: token ✓ configured → not set\n")
    done = project.manage("config", "reset", "--settings", "--yes")
    assert (done.returncode, done.stdout) == (0, "revision 3: page_size 30 → 20 (default)\n")


def test_traceback_shows_where_a_command_failed(project: ForeignProject) -> None:
    done = project.manage("config", "get", "pagesize", "--traceback")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("pagesize: no such setting; did you mean page_size?")
    short = project.manage("config", "get", "pagesize")
    assert (short.returncode, short.stderr.count("\n")) == (1, 1)


def test_a_value_may_look_like_a_short_option(project: ForeignProject) -> None:
    done = project.manage("config", "set", "--key", "greeting", "--value", "-v", "--no-color")
    assert (done.returncode, done.stdout) == (0, "revision 1: greeting Welcome (default) → -v\n")
