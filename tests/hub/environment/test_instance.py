"""The process environment decides where the hub's files and its shared key are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config_app.declaration.secret import Secret
from config_app.errors import InvalidValue
from hub.environment.instance import Instance
from tests.support.checkouts import CANARY, Place

ROOT = Path(__file__).resolve().parents[3]
KEY = "k" * 32


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_any_variable_everything_is_in_data_beside_manage_py(place: Place) -> None:
    instance = place.resolve()
    data = place.base / "data"
    assert instance == Instance(
        data_dir=data,
        database={"ENGINE": "django.db.backends.sqlite3", "NAME": str(data / "hub.db")},
        database_url=None,
        database_path=data / "hub.db",
        database_label=str(data / "hub.db"),
        env_file=place.base / ".env",
        encryption_key=None,
        key_file=data / "machine.key",
        token_file=data / "setup-token",
        first_start=True,
        named_by_env_file=False,
        problems=(),
    )


def test_resolving_writes_nothing(place: Place) -> None:
    place.write_env("HUB_DATABASE_PATH=other.db\n")
    place.resolve(HUB_DATA_DIR="deep/down", HUB_DATABASE_PATH="deep/hub.db")
    assert [path.name for path in place.base.iterdir()] == [".env"]


def test_resolving_imports_neither_django_nor_a_parser_it_does_not_need(place: Place) -> None:
    place.write_memory({})
    code = (
        "import sys, pathlib; from hub.environment.instance import resolve_instance\n"
        f"resolve_instance({{}}, pathlib.Path({str(place.base)!r}))\n"
        "late = ('django', 'dotenv', 'environ', 'hub.environment.env_file')\n"
        "print([name for name in late if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("variable", ["HUB_DATA_DIR", "HUB_DATABASE_PATH", "HUB_ENV_FILE"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here", "{base}/here"),
        ("./a/../here", "{base}/here"),
        ("../here", "{parent}/here"),
        ("/srv/here", "/srv/here"),
        ("~/here", "{home}/here"),
        ("with blank & ü", "{base}/with blank & ü"),
    ],
)
def test_paths_start_at_the_checkout_and_expand_the_home_directory(
    place: Place, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    instance = place.resolve(**{variable: text})
    field = {
        "HUB_DATA_DIR": instance.data_dir,
        "HUB_DATABASE_PATH": instance.database_path,
        "HUB_ENV_FILE": instance.env_file,
    }
    path = expected.format(base=place.base, parent=place.base.parent, home="/home/someone")
    assert field[variable] == Path(path)


def test_the_database_follows_the_instance_directory(place: Place) -> None:
    instance = place.resolve(HUB_DATA_DIR="/srv/hub")
    assert instance.database_label == "/srv/hub/hub.db"
    assert instance.key_file == Path("/srv/hub/machine.key")
    assert instance.token_file == Path("/srv/hub/setup-token")


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
@pytest.mark.parametrize(
    "variable",
    [
        "HUB_DATA_DIR",
        "HUB_DATABASE_URL",
        "HUB_DATABASE_PATH",
        "HUB_ENV_FILE",
        "HUB_ENCRYPTION_KEY",
        "HUB_ENCRYPTION_KEY_FILE",
    ],
)
def test_an_empty_variable_is_refused_and_never_taken_for_unset(
    place: Place, variable: str, text: str
) -> None:
    line = place.refusal(**{variable: text})
    assert line == (
        f"{variable}: expected a value that is not empty; set it, or remove it from the process environment"
    )


@pytest.mark.parametrize("text", ["~no-such-user-here/x", "a\0b", "file:///srv/hub"])
@pytest.mark.parametrize("variable", ["HUB_DATA_DIR", "HUB_DATABASE_PATH", "HUB_ENV_FILE"])
def test_a_path_that_cannot_be_is_refused(place: Place, variable: str, text: str) -> None:
    assert place.refusal(**{variable: text}).startswith(
        (f"{variable}: expected a path ", f"{variable}: expected the path of an SQLite file; ")
    )


def test_the_key_is_a_secret(place: Place) -> None:
    instance = place.resolve(HUB_ENCRYPTION_KEY=KEY)
    assert instance.encryption_key == Secret(KEY)
    assert KEY not in repr(instance)


@pytest.mark.parametrize("content", [KEY, f"{KEY}\n", f"\ufeff{KEY}\r\n", f"  {KEY} "])
def test_the_key_can_be_in_a_file(place: Place, content: str) -> None:
    (place.base / "key").write_text(content)
    assert place.resolve(HUB_ENCRYPTION_KEY_FILE="key").encryption_key == Secret(KEY)


@pytest.mark.parametrize("key", [CANARY, "k" * 31, "k" * 31 + " \n"])
def test_a_short_key_is_refused(place: Place, key: str) -> None:
    line = place.refusal(HUB_ENCRYPTION_KEY=key)
    assert line.startswith("HUB_ENCRYPTION_KEY: expected at least 32 characters; correct it in ")


def test_a_key_that_is_not_text_is_refused(place: Place) -> None:
    assert "expected UTF-8 text" in place.refusal(HUB_ENCRYPTION_KEY=f"\udc80{CANARY}{KEY}")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a file that holds at least 32 characters"),
        (b"\n", "a file that holds at least 32 characters"),
        (CANARY.encode(), "a file that holds at least 32 characters"),
        (b"\xff" * 40, "a file of UTF-8 text"),
        (b"k" * 100_000, "a file of at most 65,536 bytes"),
    ],
)
def test_a_file_without_a_usable_key_is_refused(place: Place, content: bytes, expected: str) -> None:
    (place.base / "key").write_bytes(content)
    line = place.refusal(HUB_ENCRYPTION_KEY_FILE="key", HUB_ENCRYPTION_KEY=KEY)
    assert line.startswith(f"HUB_ENCRYPTION_KEY_FILE: expected {expected}; ")


@pytest.mark.parametrize("path", [f"/no/{CANARY}", ".", CANARY * 100, f"~no-{CANARY}/key"])
def test_a_key_file_that_cannot_be_read_is_refused_and_not_replaced(place: Place, path: str) -> None:
    line = place.refusal(HUB_ENCRYPTION_KEY_FILE=path, HUB_ENCRYPTION_KEY=KEY)
    assert line.startswith("HUB_ENCRYPTION_KEY_FILE: expected ")


def test_the_same_key_may_be_given_twice(place: Place) -> None:
    (place.base / "key").write_text(f"{KEY}\n")
    instance = place.resolve(HUB_ENCRYPTION_KEY=KEY, HUB_ENCRYPTION_KEY_FILE="key")
    assert instance.encryption_key == Secret(KEY)


def test_two_different_keys_are_refused(place: Place) -> None:
    (place.base / "key").write_text(CANARY + KEY)
    line = place.refusal(HUB_ENCRYPTION_KEY=KEY, HUB_ENCRYPTION_KEY_FILE="key")
    assert line == ("HUB_ENCRYPTION_KEY and HUB_ENCRYPTION_KEY_FILE hold different keys; keep one of them")


def test_a_refusal_names_the_variable_for_programs_too(place: Place) -> None:
    with pytest.raises(InvalidValue) as refused:
        place.resolve(HUB_ENCRYPTION_KEY="short")
    assert refused.value.key == "HUB_ENCRYPTION_KEY"
