"""Only the first start reads the database's address from `.env`; later starts read instance.json."""

from __future__ import annotations

import contextlib
import json
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from hub.environment.instance import (
    InvalidInstanceFile,
    UnusableDataDirectory,
    remember_database,
    resolve_instance,
)
from tests.support.checkouts import CANARY, Place

KEY = "k" * 32
OTHER_KEY = "o" * 32


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_env_names_the_database(place: Place) -> None:
    place.write_env("\ufeffexport HUB_DATABASE_PATH = 'my hub.db' # here\r\n")
    instance = place.resolve()
    assert instance.database_path == place.base / "my hub.db"
    assert instance.named_by_env_file


def test_another_env_file_can_be_named(place: Place) -> None:
    (place.base / "hub.env").write_text("HUB_DATABASE_PATH=other.db")
    assert place.resolve(HUB_ENV_FILE="hub.env").database_path == place.base / "other.db"


@pytest.mark.parametrize("line", ["HUB_DATABASE_URL=postgres://db/hub", "HUB_DATABASE_PATH=other.db"])
def test_the_process_environment_wins_over_env_whichever_variable_it_uses(place: Place, line: str) -> None:
    place.write_env(line)
    instance = place.resolve(HUB_DATABASE_PATH="mine.db")
    assert instance.database_path == place.base / "mine.db"
    assert not instance.named_by_env_file


def test_env_gives_the_key(place: Place) -> None:
    place.write_env(f"HUB_ENCRYPTION_KEY={KEY}\n")
    assert place.resolve().encryption_key == Secret(KEY)
    assert place.resolve(HUB_ENCRYPTION_KEY=OTHER_KEY).encryption_key == Secret(OTHER_KEY)


@pytest.mark.parametrize("name", ["HUB_DATABASE_URL", "HUB_DATABASE_PATH", "HUB_ENCRYPTION_KEY"])
def test_a_broken_line_that_names_database_or_key_is_an_error(place: Place, name: str) -> None:
    place.write_env(f"A=1\n{name}='{CANARY}\n")
    line = place.refusal()
    assert line.startswith(f"{name}: expected the value to end with the same quote")
    assert line.endswith(f"correct line 2 of {place.base}/.env")


def test_a_broken_line_does_not_matter_where_the_process_environment_decides(place: Place) -> None:
    place.write_env("HUB_DATABASE_URL='x\n")
    assert place.resolve(HUB_DATABASE_URL="postgres://db/hub").database_url == "postgres://db/hub"


def test_an_unusable_value_in_env_is_an_error_that_names_the_file(place: Place) -> None:
    place.write_env(f"HUB_DATABASE_URL=oracle://{CANARY}\n")
    assert place.refusal().endswith(f"correct it in {place.base}/.env")


def test_an_env_file_that_cannot_be_read_is_an_error(place: Place) -> None:
    (place.base / ".env").mkdir()
    assert "cannot be read: Is a directory" in place.refusal()


@pytest.mark.parametrize(
    ("line", "name"),
    [("HUB_DATA_DIR=/srv/hub", "HUB_DATA_DIR"), ("HUB_ENV_FILE=~x/.env", "HUB_ENV_FILE")],
)
def test_what_env_cannot_decide_is_reported(place: Place, line: str, name: str) -> None:
    place.write_env(f"\n{line}\n")
    instance = place.resolve()
    (problem,) = instance.problems
    assert (problem.line, problem.name) == (2, name)
    assert instance.data_dir == place.base / "data"


def test_what_env_says_too_late_but_rightly_is_no_problem(place: Place) -> None:
    place.write_env("HUB_DATA_DIR=./here\nHUB_ENV_FILE=.env\n")
    assert place.resolve(HUB_DATA_DIR="here").problems == ()


def test_env_can_be_deleted(place: Place) -> None:
    place.write_env("HUB_DATABASE_PATH=elsewhere/my.db\n")
    first = place.resolve()
    place.finish_first_start(first)
    (place.base / ".env").unlink()
    later = place.resolve()
    assert later.database_path == first.database_path == place.base / "elsewhere/my.db"
    assert (later.first_start, later.named_by_env_file) == (False, False)


def test_a_server_named_in_env_is_remembered_with_its_password(place: Place) -> None:
    url = "postgres://u:p@db/hub?sslmode=require"
    place.write_env(f"HUB_DATABASE_URL={url}\n")
    place.finish_first_start(place.resolve())
    place.write_env("")
    assert place.resolve().database_url == url


def test_env_is_not_even_opened(place: Place) -> None:
    place.finish_first_start(place.resolve())
    (place.base / ".env").mkdir()
    assert place.resolve().database_path == place.base / "data/hub.db"


def test_a_key_in_env_counts_at_each_start(place: Place) -> None:
    place.write_env(f"HUB_ENCRYPTION_KEY={KEY}\n")
    place.finish_first_start(place.resolve())
    assert place.resolve().encryption_key == Secret(KEY)


def test_the_process_environment_wins_over_what_is_remembered(place: Place) -> None:
    place.write_memory({"database_url": "postgres://db/hub"})
    assert place.resolve(HUB_DATABASE_PATH="other.db").database_path == place.base / "other.db"


def test_what_only_the_process_environment_said_is_not_remembered(place: Place) -> None:
    place.write_env("HUB_DATABASE_PATH=env.db\n")
    place.finish_first_start(place.resolve(HUB_DATABASE_PATH="process.db"))
    assert json.loads((place.base / "data/instance.json").read_text()) == {
        "database_url": None,
        "database_path": None,
    }


def test_a_database_within_the_instance_directory_moves_with_it(place: Place) -> None:
    place.write_env("HUB_DATABASE_PATH=data/deep/my.db\n")
    place.finish_first_start(place.resolve())
    (place.base / "data").rename(place.base / "moved")
    instance = place.resolve(HUB_DATA_DIR="moved")
    assert instance.database_path == place.base / "moved/deep/my.db"


def test_the_memory_is_private_and_written_once(place: Place) -> None:
    place.write_env("HUB_DATABASE_PATH=first.db\n")
    first = place.resolve()
    place.write_env("HUB_DATABASE_PATH=second.db\n")
    second = place.resolve()
    place.finish_first_start(first)
    place.finish_first_start(second)
    memory = place.base / "data/instance.json"
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    assert [path.name for path in memory.parent.iterdir()] == ["instance.json"]
    assert place.resolve().database_path == place.base / "first.db"


def test_a_memory_that_cannot_be_written_is_an_error(place: Place) -> None:
    with pytest.raises(UnusableDataDirectory, match=r"instance\.json cannot be written: No such file"):
        remember_database(place.resolve())


@pytest.mark.parametrize("content", ["{}", '\ufeff{"database_path": null}'])
def test_an_empty_memory_means_the_default(place: Place, content: str) -> None:
    place.write_memory(content)
    assert place.resolve().database_path == place.base / "data/hub.db"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        f'"{CANARY}"',
        "[]",
        "null",
        "[" * 100_000,
        '{"database_url": 1}',
        f'{{"database_path": ["{CANARY}"]}}',
        f'{{"{CANARY}": null}}',
    ],
)
def test_a_damaged_memory_is_an_error_with_a_cure(place: Place, content: str) -> None:
    place.write_memory(content)
    line = place.refusal(HUB_DATABASE_PATH="mine.db")
    assert line.startswith(f"{place.base}/data/instance.json: expected ")
    assert "restore this file from a backup" in line


@pytest.mark.parametrize(
    "content", [{"database_url": f"oracle://{CANARY}"}, {"database_path": ""}, {"database_url": " "}]
)
def test_an_unusable_database_in_it_is_an_error_that_names_the_file(
    place: Place, content: dict[str, str | None]
) -> None:
    place.write_memory(content)
    assert place.refusal().endswith(f" {place.base}/data/instance.json")


def test_a_memory_that_cannot_be_read_is_an_error(place: Place) -> None:
    (place.base / "data/instance.json").mkdir(parents=True)
    with pytest.raises(InvalidInstanceFile, match=r"cannot be read: Is a directory"):
        place.resolve()


def test_an_instance_directory_that_is_a_file_is_an_error(place: Place) -> None:
    (place.base / "data").touch()
    assert "cannot be read: Not a directory" in place.refusal()


@given(st.text(st.characters(exclude_characters="\0"), max_size=200))
def test_any_memory_is_read_or_refused(content: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "instance.json").write_text(content, errors="surrogatepass")
        with contextlib.suppress(ConfigError):
            resolve_instance({"HUB_DATA_DIR": directory}, Path("/nowhere"))
