"""The tests' command servers run commands in the same way as a shell."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.foreign_project import CONFIGURATION, ForeignProject
from tests.support.processes import command_server
from tests.support.processes.command_server import CommandServer
from tests.support.processes.started_process import FAILED, TIMEOUT, Started
from tests.support.waiting import wait_for

SCRIPT = """
import os, sys, pathlib
print(os.getcwd(), sorted(os.environ), sys.argv[1:], sys.stdin.read(), sys.flags.utf8_mode)
print("ünd", file=sys.stderr)
sys.exit(3)
"""
# The command sleeps for longer than the test waits, so that it must be killed.
SLEEPER = "import time; time.sleep(120)"
LOOK = """
from django.conf import settings
from django.db import connection
print(settings.INSTANCE.data_dir, settings.DATABASES["default"]["NAME"], connection.settings_dict["NAME"])
"""
DRAWN = """
from config_app.propagation import receipts
from hub.start import secret_key
print(receipts._instance, secret_key._STAND_IN)
"""


@pytest.fixture(scope="module")
def server() -> CommandServer:
    """Return the command server that has imported everything, when it has run a command."""
    running = command_server.running()
    running.run(["-m", "this"], folder=Path.cwd(), environment={}, text=None)
    return running


def run(
    server: CommandServer, folder: Path, script: str, *arguments: str, text: str | None = None
) -> tuple[int, str, str]:
    (folder / "script.py").write_text(script)
    command = [str(folder / "script.py"), *arguments]
    done = server.run(command, folder=folder, environment={"HUB_X": "1"}, text=text)
    return done.returncode, done.stdout, done.stderr


def test_a_command_has_all_of_its_own(server: CommandServer, tmp_path: Path) -> None:
    status, out, err = run(server, tmp_path, SCRIPT, "a", "b c", text="given")
    assert (status, err) == (3, "ünd\n")
    assert out == f"{tmp_path} ['HUB_X'] ['a', 'b c'] given 1\n"


def test_a_command_that_was_killed_says_by_what(server: CommandServer, tmp_path: Path) -> None:
    assert run(server, tmp_path, "import os; os.kill(os.getpid(), 9)")[0] == -9


def test_a_command_that_does_not_end_is_killed(
    server: CommandServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = server.start
    started: list[Started] = []

    def start_and_note(command: Sequence[str], **options: Any) -> Started:
        started.append(start(command, **options))
        return started[0]

    monkeypatch.setattr(command_server, "TIMEOUT", 2)
    monkeypatch.setattr(server, "start", start_and_note)
    with pytest.raises(TimeoutError):
        run(server, tmp_path, SLEEPER)
    pid = Path("/proc", str(started[0]._pid))  # the command may not have begun, so it cannot tell its pid
    wait_for(lambda: not pid.exists(), "the command to be killed")


def test_a_command_that_cannot_be_run_is_none_that_was_refused(server: CommandServer, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=FAILED):
        server.run(["manage.py"], folder=tmp_path / "gone", environment={}, text=None)


def test_a_command_that_replaces_itself_starts_once_more(server: CommandServer, tmp_path: Path) -> None:
    (tmp_path / "next.py").write_text("import os, sys; print(os.environ['HUB_X'], sys.argv[1:]); sys.exit(4)")
    replace = "import os, sys; os.execve(sys.executable, [sys.executable, 'next.py', 'a'], {'HUB_X': '2'})"
    assert run(server, tmp_path, replace) == (4, "2 ['a']\n", "")


def test_a_module_can_take_its_place(server: CommandServer, tmp_path: Path) -> None:
    replace = "import os, sys; os.execv(sys.executable, [sys.executable, '-m', 'gunicorn', '--version'])"
    status, out, err = run(server, tmp_path, replace)
    assert (status, err) == (0, "")
    assert out.startswith("gunicorn (version ")


def test_each_reads_its_own_environment(server: CommandServer, tmp_path: Path) -> None:
    manage = [str(command_server.ROOT / "manage.py"), "shell", "-v", "0", "-c", LOOK]
    for name in ("a", "b"):
        environment = {"HUB_DATA_DIR": str(tmp_path / name), "HUB_ENV_FILE": str(tmp_path / ".env")}
        done = server.run(manage, folder=tmp_path, environment=environment, text=None)
        assert done.stdout.split() == [str(tmp_path / name)] + 2 * [str(tmp_path / name / "hub.db")]


def test_what_a_process_draws_is_its_own(server: CommandServer, tmp_path: Path) -> None:
    manage = [str(command_server.ROOT / "manage.py"), "shell", "-v", "0", "-c", DRAWN]
    environment = {"HUB_DATA_DIR": str(tmp_path / "hub"), "HUB_ENV_FILE": str(tmp_path / ".env")}
    drawn = [
        server.run(manage, folder=tmp_path, environment=environment, text=None).stdout.split()
        for _ in range(2)
    ]
    assert all(ours != theirs for ours, theirs in zip(*drawn, strict=True))


def test_what_was_started_ends_when_nobody_wants_to_hear_of_it(server: CommandServer, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SLEEPER)
    with Path(os.devnull).open("r+b") as nothing:
        streams = [nothing.fileno()] * 3
        started = server.start(["script.py"], folder=tmp_path, environment={}, streams=streams)
    assert started.poll() is None
    pid = Path(f"/proc/{started.pid}")
    started.send_signal(signal.SIGTERM)
    assert started.wait(TIMEOUT) == -signal.SIGTERM == started.poll()
    assert not pid.exists()


def test_code_runs_as_the_main_module(server: CommandServer, tmp_path: Path) -> None:
    code = "import __main__, sys; x = 1; print(__name__, __main__.x, sys.argv); y"
    done = server.run(["-c", code, "a"], folder=tmp_path, environment={})
    assert (done.returncode, done.stdout) == (1, "__main__ 1 ['-c', 'a']\n")
    assert done.stderr.endswith("NameError: name 'y' is not defined\n")


@pytest.fixture(scope="module", params=[command_server.ENGINE, command_server.DJANGO])
def without_the_hub(request: pytest.FixtureRequest) -> CommandServer:
    """Return a command server that has imported Django, and perhaps the engine, but not the hub."""
    return command_server.running(request.param)


PROJECT = """
import sys
from django.apps import apps
from django.conf import settings
print(settings.configured, apps.ready, "shop_settings" in sys.modules)
import django
django.setup()
from config_app.api import get_config
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
print(settings.DATABASES["default"]["NAME"], connection.settings_dict["NAME"], get_config().page_size)
print(sorted(apps.app_configs), sorted(model._meta.label for model in admin.site._registry))
print(get_user_model().objects.count(), "hub" in sys.modules)
"""


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[ForeignProject, str]]:
    """Return two projects, each with what a new interpreter says of it."""
    found, folder = [], tmp_path_factory.mktemp("projects")
    for name, size in (("one", 20), ("two", 30)):
        code = CONFIGURATION.replace("20, section", f"{size}, section")
        project = ForeignProject(folder / name, configuration=code)
        project.migrate()
        project.is_forked = False
        started = project._process("-c", PROJECT)
        assert (started.returncode, started.stderr) == (0, "")
        assert started.stdout.startswith("False False False\n")
        assert f"/{name}/shop.db {size}\n" in started.stdout
        found.append((project, started.stdout))
    return found


def test_a_fork_sets_a_project_up_as_a_new_process_does(
    without_the_hub: CommandServer, projects: list[tuple[ForeignProject, str]]
) -> None:
    for project, said in projects:
        forked = without_the_hub.run(["-c", PROJECT], folder=project.folder, environment=project.environment)
        assert (forked.stdout, forked.stderr) == (said, "")


def test_a_server_ends_with_who_started_it() -> None:
    server = CommandServer(command_server.DJANGO)
    with contextlib.closing(server._control):
        pass
    assert server._process.wait(TIMEOUT) == 0
