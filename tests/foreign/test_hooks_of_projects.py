"""``manage.py check`` refuses hooks that could never run; a hook cannot end the watcher."""

from __future__ import annotations

from tests.support.foreign_project import CONFIGURATION, ForeignProject

WRONG_HOOKS = """
import functools
from config_app.api import on_change


@on_change("page_sise", "greeting")
def misspelt(old, new):
    pass


@on_change("greeting")
async def later(old, new):
    raise AssertionError


class Later:
    async def __call__(self, old, new):
        raise AssertionError


on_change("greeting")(Later())
on_change("greeting")(functools.partial(later))


@on_change("greeting")
def generator(old, new):
    yield old


@on_change("greeting")
def without_arguments():
    pass


@on_change("greeting")
def with_one(config):
    pass


@on_change()
def right(old, new, *, more=1):
    print("the right hook saw", new.greeting)


on_change("greeting")(print)
"""
IDS = {"config_app.E007": 1, "config_app.E008": 4, "config_app.E009": 2}
HOOKS_THAT_EXIT = """
import asyncio, sys, time
from config_app.api import get_config, on_change, plan, start_watching
from config_app.live import hooks
from config_app.models import SystemConfig

ran = []


@on_change("greeting")
def leave(old, new):
    ran.append(new.greeting)
    sys.exit(3)


@on_change("greeting")
def cancel(old, new):
    raise asyncio.CancelledError


@on_change("greeting")
def interrupt(old, new):
    import threading
    if threading.current_thread() is not threading.main_thread():
        raise KeyboardInterrupt


@on_change("greeting")
def last(old, new):
    ran.append(f"last {new.greeting}")


def wait_until(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, ran
        time.sleep(0.02)


plan({"greeting": "zero"}).apply()
get_config()
ran.clear()
watcher = start_watching()
for text in ("one", "two"):
    SystemConfig.objects.filter(pk="greeting").update(config_value=text)
    wait_until(lambda: f"last {text}" in ran)
assert ran == ["one", "last one", "two", "last two"], ran
assert watcher.is_alive()
assert sum("SystemExit" in line for line in hooks.failures()) == 1, hooks.failures()
"""


def test_hooks_that_could_never_run_are_refused_by_the_check(project: ForeignProject) -> None:
    project.write("shop/hooks.py", WRONG_HOOKS)
    project.write("shop/configuration.py", CONFIGURATION + "\n\nfrom shop import hooks\n")
    done = project.manage("check")
    assert done.returncode == 1
    assert {number: done.stderr.count(f"({number})") for number in IDS} == IDS
    assert "shop.hooks.misspelt waits for a setting that does not exist: page_sise" in done.stderr
    assert "did you mean page_size?" in done.stderr


def test_a_hook_that_cannot_run_is_named_and_the_others_run(project: ForeignProject) -> None:
    project.write("shop/hooks.py", WRONG_HOOKS)
    project.write("shop/configuration.py", CONFIGURATION + "\n\nfrom shop import hooks\n")
    done = project.run("""
    from config_app.api import get_config, plan
    from config_app.live import hooks
    get_config()
    plan({"greeting": "Hi"}).apply()
    print(len(hooks.failures()))
    """)
    assert (done.returncode, "never awaited" in done.stderr) == (0, False)
    assert "the right hook saw Hi\n" in done.stdout
    assert done.stdout.endswith("\n6\n")


def test_a_hook_without_parentheses_is_refused_at_once(project: ForeignProject) -> None:
    done = project.run("""
    from config_app.api import on_change
    @on_change
    def follow(old, new): pass
    """)
    assert done.stderr.endswith(
        "TypeError: on_change() expects the keys of settings; without a key, write @on_change()\n"
    )


def test_a_hook_that_exits_does_not_end_the_watcher(project: ForeignProject) -> None:
    project.says(HOOKS_THAT_EXIT)
