"""Files that would make a reader wait for ever, such as named pipes, and the one reading of ``.env``."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from config_app.encryption.private_files import read_private
from config_app.errors import ConfigError, KeyringLocked
from config_app.live import runtime
from hub.environment import env_import
from hub.environment.env_file import EnvFile, read_env_file
from hub.environment.env_import import drift
from hub.environment.instance import resolve_instance
from hub.runtime_config import get_config
from tests.support.browsers.clients import configure
from tests.support.config_command import sql
from tests.support.processes.hub_process import HubProcess

PIPE = "Not a regular file"
SECONDS = 100
"""A first start alone may take 20 seconds on a busy machine; without the alarm, a command may take 120."""


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """Fail the test if it waits for ever."""

    def fail(_number: int, _frame: object) -> None:
        raise AssertionError(f"the test waited for {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.fixture(params=[os.mkfifo, make_socket, link_to_a_device])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a path in the file system that can be no configuration file."""
    path = tmp_path / "odd"
    request.param(path)
    return path


def link(path: Path, target: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.symlink_to(target)
    return path


def test_it_is_no_env_file(odd: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{odd} cannot be read: {PIPE}; make odd a text file"):
        read_env_file(odd)


@pytest.mark.parametrize("variable", ["HUB_ENV_FILE", "HUB_ENCRYPTION_KEY_FILE"])
def test_no_variable_can_name_it(odd: Path, tmp_path: Path, variable: str) -> None:
    with pytest.raises(ConfigError, match=PIPE):
        resolve_instance({variable: str(odd)}, tmp_path)


def test_it_is_no_instance_file(odd: Path, tmp_path: Path) -> None:
    link(tmp_path / "data/instance.json", odd)
    with pytest.raises(ConfigError, match=rf"instance.json cannot be read: {PIPE}"):
        resolve_instance({}, tmp_path)


def test_it_is_no_key_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "machine.key", mode=0o600)
    with pytest.raises(KeyringLocked, match=PIPE):
        read_private(tmp_path / "machine.key")


def test_later_starts_do_not_wait_for_it(hub_process: HubProcess) -> None:
    hub_process.bring_up()
    hub_process.env_file.unlink(missing_ok=True)
    os.mkfifo(hub_process.env_file)
    assert hub_process.config("get", "port") == "8884"
    said = hub_process.run("config", "doctor").stdout
    assert f".env cannot be read: {PIPE}" in said


def test_the_first_start_names_it(hub_process: HubProcess) -> None:
    hub_process.env_file.unlink(missing_ok=True)
    os.mkfifo(hub_process.env_file)
    done = hub_process.run("bootstrap")
    assert done.returncode == 1
    assert f"{hub_process.env_file} cannot be read: {PIPE}; make .env a text file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of this process's ``.env`` in a folder of its own."""
    path = tmp_path / ".env"
    monkeypatch.setattr(settings, "INSTANCE", dataclasses.replace(settings.INSTANCE, env_file=path))
    return path


def test_the_dashboard_shows_it_as_a_problem(env_file: Path, owner_client: Client) -> None:
    os.mkfifo(env_file)
    assert PIPE in owner_client.get("/").text


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list to which each reading of an ``.env`` adds its path."""
    found: list[Path] = []

    def read(path: Path) -> EnvFile:
        found.append(path)
        return read_env_file(path)

    monkeypatch.setattr(env_import, "read_env_file", read)
    return found


def test_pages_read_it_once(env_file: Path, readings: list[Path], owner_client: Client) -> None:
    env_file.write_text("HUB_PORT=9999\n")
    for _ in range(3):
        assert "differs from port" in owner_client.get("/").text
    assert readings == [env_file]


def test_each_change_of_it_counts(env_file: Path, owner_client: Client) -> None:
    def codes() -> list[str]:
        return [problem.code for problem in drift(get_config())]

    assert codes() == []
    env_file.write_text("HUB_PORT=9999\n")
    assert codes() == ["env_differs"]
    configure(port=9999)
    assert codes() == []
    env_file.write_text("HUB_PORT=9998\n")
    assert codes() == ["env_differs"]
    env_file.chmod(0)
    env_file.unlink()
    assert codes() == []


def test_a_change_of_the_configuration_counts(env_file: Path, owner_client: Client) -> None:
    env_file.write_text("HUB_WORKERS=5\n")
    assert drift(get_config())
    sql("INSERT INTO system_config (config_key, config_value) VALUES ('server_workers', '5')")
    assert drift(runtime.reload().config) == []


def test_a_change_of_the_process_environment_counts(
    env_file: Path, owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drift(get_config()) == []
    monkeypatch.setenv("HUB_PORT", "9999")
    assert [problem.code for problem in drift(get_config())] == ["env_differs"]
