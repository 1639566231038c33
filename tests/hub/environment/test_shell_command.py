"""A command in a message works where people read it: it names the user, the variables and the paths."""

from __future__ import annotations

import html
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from config_app import problems
from config_app.errors import ConfigError
from config_app.problems import Problem
from hub.environment import shell_command
from hub.environment.instance import resolve_instance
from hub.environment.shell_command import command_prefix
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.served_hub import owner_of
from tests.support.waiting import wait_for

PROGRAM = f"{sys.executable} {ROOT}/manage.py"
CANARY = "canary4711"
COMMAND = re.compile(r"env [^`\"\n]*?/manage\.py [a-z_]+(?: [\w=./-]+)*")


def prefix(**environ: str) -> str:
    return command_prefix(resolve_instance(environ, ROOT), environ)


@pytest.fixture
def in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_the_folder")
@pytest.mark.parametrize(
    "environ", [{}, {"HUB_DATA_DIR": "data"}, {"HUB_DATA_DIR": f"{ROOT}/data", "HUB_ENV_FILE": ".env"}]
)
def test_without_variables_the_short_form_is_enough_in_the_folder(environ: dict[str, str]) -> None:
    assert prefix(**environ) == "./manage.py"


def test_in_another_folder_the_command_has_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert prefix() == PROGRAM
    tmp_path.rmdir()
    assert prefix() == PROGRAM


@pytest.mark.usefixtures("in_the_folder")
@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HUB_DATA_DIR": "/var/lib/hub"}, ["HUB_DATA_DIR=/var/lib/hub"]),
        ({"HUB_DATA_DIR": "/srv/my hub"}, ["HUB_DATA_DIR=/srv/my hub"]),
        ({"HUB_DATA_DIR": "elsewhere"}, [f"HUB_DATA_DIR={ROOT}/elsewhere"]),
        ({"HUB_DATABASE_PATH": "other.db"}, [f"HUB_DATABASE_PATH={ROOT}/other.db"]),
        ({"HUB_ENV_FILE": "/etc/hub.env"}, ["HUB_ENV_FILE=/etc/hub.env"]),
        (
            {"HUB_DATABASE_URL": "postgres://hub@db:5432/hub?sslmode=require", "HUB_DATABASE_PATH": "x.db"},
            ["HUB_DATABASE_URL=postgres://hub@db:5432/hub?sslmode=require"],
        ),
        ({"PORT": "1", "HUB_PORT": "9001", "HUB_ENCRYPTION_KEY": CANARY * 4}, []),
    ],
)
def test_it_names_each_variable_that_a_shell_lacks(environ: dict[str, str], named: list[str]) -> None:
    words = shlex.split(prefix(**environ))
    assert words == (["env", *named, sys.executable, f"{ROOT}/manage.py"] if named else ["./manage.py"])


@pytest.mark.usefixtures("in_the_folder")
def test_a_key_file_is_named_but_not_the_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(CANARY * 4)
    found = prefix(HUB_ENCRYPTION_KEY_FILE=str(tmp_path / "key"))
    assert found == f"env HUB_ENCRYPTION_KEY_FILE={tmp_path}/key {PROGRAM}"


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://hub:{CANARY}@db/hub",
        f"postgres://hub:{CANARY}%40x@db:5432/hub?sslmode=require",
        f"postgres://db/hub?password={CANARY}",
        f"postgres://hub@db/hub?sslpassword={CANARY}&sslmode=require",
    ],
)
def test_a_password_is_never_named(url: str) -> None:
    found = prefix(HUB_DATABASE_URL=url)
    assert CANARY not in found
    assert "PASSWORD" in found


@pytest.mark.usefixtures("in_the_folder")
@pytest.mark.parametrize(
    ("uid", "shell", "has_sudo", "words"),
    [
        (997, "/usr/sbin/nologin", True, ["sudo", "-u", "hub"]),
        (61184, "/usr/sbin/nologin", True, ["sudo", "-u", "hub"]),
        (997, "/bin/sh", False, ["runuser", "-u", "hub", "--"]),
        (1000, "/bin/bash", True, []),
        (0, "/bin/bash", True, []),
    ],
)
def test_a_service_of_systemd_names_its_user(
    monkeypatch: pytest.MonkeyPatch, uid: int, shell: str, has_sudo: bool, words: list[str]
) -> None:
    account = pwd.struct_passwd(("hub", "x", uid, uid, "", "/", shell))
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os, "isatty", lambda _stream: False)
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: account)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if has_sudo else None)
    found = command_prefix(resolve_instance({}, ROOT), {"INVOCATION_ID": "4711"})
    assert found == (" ".join([*words, PROGRAM]) if words else "./manage.py")
    assert command_prefix(resolve_instance({}, ROOT), {}) == "./manage.py"
    # A person at a terminal who runs the command with sudo is another user too.
    monkeypatch.setattr(os, "isatty", lambda _stream: True)
    monkeypatch.setattr(shell_command, "_parent", lambda: "sudo")
    assert command_prefix(resolve_instance({}, ROOT), {}) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run manage.py config show", "run X config show"),
        ("run ./manage.py config show, or manage.py setup_token", "run X config show, or X setup_token"),
        ("`./manage.py setup_token` prints", "`X setup_token` prints"),
        ("the folder of manage.py. Then", "the folder of manage.py. Then"),
        ("run /srv/hub/manage.py config show", "run /srv/hub/manage.py config show"),
        ("nothing", "nothing"),
    ],
)
def test_only_short_commands_are_completed(monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    monkeypatch.setattr(problems, "_complete", lambda: "X")
    assert problems.runnable(text) == expected
    assert problems.runnable(expected) == expected
    assert str(ConfigError("no", fix=text)) == f"no; {expected}"
    assert str(Problem(code="no", message="no", fix=text)) == f"no; {expected}"
    assert Problem(code="no", message="no", fix=text).as_json()["fix"] == expected


def run_elsewhere(command: str) -> str:
    """Run a command as a person would: in another folder, and without the variables of the service."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def command_in(text: str, arguments: str) -> str:
    """Return the complete command with these arguments, as a person copies it from ``text``."""
    every: list[str] = COMMAND.findall(html.unescape(text))
    found = next(c for c in every if f"manage.py {arguments}" in c)
    return found[: found.index(arguments) + len(arguments)]


def serve_like_systemd(hub: HubProcess) -> str:
    """Serve the hub as a unit does: with few variables, in the hub's folder. Return the start of the log."""
    hub.serve("--workers", "1")
    wait_for(lambda: "is not claimed" in hub.log.read_text(), "the log to say how to claim")
    return hub.log.read_text()


def test_the_log_of_a_service_prints_commands_that_act_on_its_install(hub_process: HubProcess) -> None:
    log = serve_like_systemd(hub_process)
    link = run_elsewhere(command_in(log, "setup_token"))
    assert link.partition("#token=")[2].strip() == (hub_process.data_dir / "setup-token").read_text().strip()
    (general,) = re.findall(r"^Commands for this hub: (.+) COMMAND$", log, re.MULTILINE)
    run_elsewhere(f"{general} config set port {hub_process.port}")
    assert hub_process.config("get", "port") == str(hub_process.port)


def test_pages_for_everyone_name_no_path(hub_process: HubProcess) -> None:
    serve_like_systemd(hub_process)
    for path in ("/setup/", "/setup/token/", "/nowhere"):
        body = hub_process.get(path).body.decode()
        assert str(hub_process.folder) not in body
        assert str(ROOT) not in body
    page = hub_process.get("/setup/").body.decode()
    assert "<code>manage.py setup_token</code>" in page
    assert "the log of the hub shows what to write instead" in page


REFUSED = "UPDATE system_config SET config_value = 'many' WHERE config_key = 'server_workers'"


@pytest.mark.parametrize("read", ["doctor", "show --json"])
def test_the_doctor_prints_commands_that_act_on_its_install(started_hub: HubProcess, read: str) -> None:
    started_hub.config("set", "server_workers", "3")
    started_hub.sql(REFUSED)
    printed = started_hub.run("config", *read.split()).stdout
    run_elsewhere(command_in(printed, "config set server_workers") + " 5")
    assert started_hub.config("get", "server_workers") == "5"


def test_a_refusal_prints_a_command_that_acts_on_its_install(hub_process: HubProcess) -> None:
    refused = hub_process.run("config", "get", "port").stderr
    run_elsewhere(command_in(refused, "bootstrap"))
    assert hub_process.config("get", "port") == "8884"


def page_that_tells(client: httpx2.Client) -> str | None:
    """Return the dashboard if it names the command; one worker knows of a refused value before another."""
    page = client.get("/").text
    return page if "config set server_workers" in page else None


def test_a_page_for_administrators_shows_commands_that_act_on_its_install(claimed_hub: HubProcess) -> None:
    claimed_hub.config("set", "server_workers", "3")
    claimed_hub.serve()
    claimed_hub.sql(REFUSED)
    with owner_of(claimed_hub) as client:
        telling = wait_for(lambda: page_that_tells(client), "the dashboard to tell")
    command = command_in(telling, "config set server_workers")
    run_elsewhere(f"{command} 5")
    assert claimed_hub.config("get", "server_workers") == "5"


def test_the_check_for_a_deployment_prints_commands_that_act_on_its_install(started_hub: HubProcess) -> None:
    started_hub.config("set", "public_url", "https://hub.example.com")
    printed = started_hub.run("check", "--deploy").stderr
    run_elsewhere(command_in(printed, "config set enable_hsts") + " true")
    assert started_hub.config("get", "enable_hsts") == "true"


@pytest.mark.parametrize(
    ("url", "names_the_word"),
    [
        ("postgres://hub:PASSWORD@db/hub", True),
        ("postgres://hub@db/hub?password=PASSWORD", True),
        ("postgres://hub:secret@db/hub", False),
        ("postgres://hub@db/hub", False),
    ],
)
def test_a_password_that_was_not_filled_in_is_named(url: str, names_the_word: bool) -> None:
    found = shell_command.database_address({"HUB_DATABASE_URL": url})
    assert ("replace the word PASSWORD" in found) == names_the_word
    assert "secret" not in found
