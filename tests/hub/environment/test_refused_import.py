"""The one import is not spent on a file that is missing or that contains lines which are not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checkouts import CANARY, Place
from tests.support.databases.postgresql import PostgreSQL
from tests.support.processes.hub_process import HubProcess

NOT_UNDERSTOOD = [
    ("set HUB_PORT=9001", "without `set` before the name"),
    ("SET HUB_PORT=9001", "without `set` before the name"),
    ("setx HUB_PORT 9001", "without `set` before the name"),
    ("setenv HUB_PORT 9001", "without `set` before the name"),
    ("$env:HUB_PORT=9001", "without `$env:` before the name"),
    ('$env:HUB_PORT = "9001"', "without `$env:` before the name"),
    ('${env:HUB_PORT} = "9001"', "without `$env:` before the name"),
    ("HUB_PORT: 9001", "with = instead of a colon"),
    ('hub_port: "9001"', "with = instead of a colon"),
    ('  "HUB_PORT": "9001",', "with = instead of a colon"),
    ("- HUB_PORT=9001", "without a dash before the name"),
    ("ENV HUB_PORT=9001", "without words before the name"),
    ("[hub]", "not a section"),
    ("// the port", "with # before a comment"),
    ("; the port", "with # before a comment"),
    ("REM the port", "with # before a comment"),
    ("HUB_PORT", "there is no ="),
    ("HUB_PORT 9001", "NAME=value"),
    ('HUB_PUBLIC_URL="https://hub.example.com', "the same quote"),
]


@pytest.mark.parametrize(("line", "expected"), NOT_UNDERSTOOD)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_line_that_is_not_understood_refuses_the_import(
    hub_process: HubProcess, line: str, expected: str, encoding: str
) -> None:
    hub_process.env_file.write_bytes(f"HUB_WORKERS=4\r\n{line}\r\n".encode(encoding))
    done = hub_process.run("loadenv", "--dry-run")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {hub_process.env_file}, line 2: ")
    assert expected in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"HUB_PORT=9001\0\n", b"HUB_\0PORT=9001\n", "HUB_PORT=9001\n".encode("utf-16-le"), b"HUB_PORT=\xe9\n"],
)
def test_what_is_not_text_refuses_the_import(hub_process: HubProcess, content: bytes) -> None:
    hub_process.env_file.write_bytes(content)
    done = hub_process.run("bootstrap")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{hub_process.env_file}, line 1: " in done.stderr
    assert "UTF-8" in done.stderr or "NUL" in done.stderr


def test_a_refused_import_creates_nothing_and_can_be_repeated(hub_process: HubProcess) -> None:
    hub_process.env_file.write_text(f"set HUB_PORT=9001\n{CANARY} is no assignment\nTHEIRS='x\n")
    for command in (("bootstrap",), ("serve",), ("loadenv",)):
        done = hub_process.run(*command)
        assert done.returncode == 1
        assert "line 1: " in done.stderr
        assert "line 2: " in done.stderr
        assert "line 3" not in done.stderr  # this line belongs to another program
        assert CANARY not in done.stderr
    assert not hub_process.data_dir.exists()
    assert "line 1: " in hub_process.run("config", "doctor").stdout
    hub_process.env_file.write_text("HUB_PORT=9001\nTHEIRS='x\n")
    hub_process.manage("bootstrap")
    assert hub_process.config("get", "port") == "9001"


def test_later_starts_do_not_read_the_lines_again(started_hub: HubProcess) -> None:
    started_hub.env_file.write_text("set HUB_PORT=9001\n")
    started_hub.manage("bootstrap")
    done = started_hub.run("loadenv", "--again", "--yes")
    assert (done.returncode, "line 1: " in done.stderr) == (1, True)


def test_a_named_file_that_is_missing_refuses_the_first_start(hub_process: HubProcess) -> None:
    hub_process.env_file.unlink()
    done = hub_process.run("bootstrap")
    assert done.returncode == 1
    assert done.stderr == (
        f"error: HUB_ENV_FILE of the process environment: {hub_process.env_file} does not exist; "
        "correct the path, or remove HUB_ENV_FILE to start without a file\n"
    )
    assert not hub_process.data_dir.exists()
    assert "does not exist" in hub_process.run("config", "doctor").stdout
    hub_process.env_file.write_text("HUB_PORT=9001\n")
    hub_process.manage("bootstrap")
    hub_process.env_file.unlink()
    hub_process.manage("bootstrap")
    assert hub_process.config("get", "port") == "9001"


def test_another_machine_needs_no_file_if_the_database_is_there(
    postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql_server.new_database()
    hubs = [HubProcess(tmp_path / name, database_url=url) for name in ("first", "second")]
    for hub in hubs:
        hub.environment["HUB_ENCRYPTION_KEY"] = "a key that both of the machines have"
    hubs[0].env_file.write_text("HUB_PORT=9001\n")
    hubs[0].manage("bootstrap")
    hubs[1].env_file.unlink()
    hubs[1].manage("bootstrap")
    assert hubs[1].config("get", "port") == "9001"


VARIABLES = {
    "HUB_DATA_DIR": "/srv/hub",
    "HUB_DATABASE_PATH": "/srv/hub/hub.db",
    "HUB_DATABASE_URL": "postgres://hub@db/hub",
    "HUB_ENV_FILE": "/srv/hub/.env",
    "HUB_ENCRYPTION_KEY": "k" * 40,
    "HUB_ENCRYPTION_KEY_FILE": "/srv/hub/key",
}
AROUND = [
    ('"{}"', "remove the quotes around the value"),
    ("'{}'", "remove the quotes around the value"),
    ("“{}”", "remove the quotes around the value"),
    ("\ufeff{}", "remove the invisible character U+FEFF (byte order mark)"),
    ("{}\u200b", "remove the invisible character U+200B (zero width space)"),
    ("\u202e{}", "remove the invisible character U+202E (right-to-left override)"),
    ("${{HOME}}{}", "no program has replaced the variable in this text"),
    ("{}$(cat x)", "no program has replaced the variable in this text"),
    ("{{{{ .Values.x }}}}{}", "no program has replaced the variable in this text"),
]
EDGES = [
    ("{}\r", "remove the invisible character U+000D (carriage return)"),
    ("{} ", "remove the invisible character U+0020 (space)"),
    (" {}", "remove the invisible character U+0020 (space)"),
    ("{}\n", "remove the invisible character U+000A (new line)"),
    ("{}\u00a0", "remove the invisible character U+00A0 (no-break space)"),
]


@pytest.mark.parametrize(("pattern", "cure"), [*AROUND, *EDGES])
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_with_something_around_its_value_is_refused(
    tmp_path: Path, variable: str, pattern: str, cure: str
) -> None:
    place, text = Place(tmp_path), pattern.format(VARIABLES[variable])
    if variable == "HUB_ENCRYPTION_KEY" and (pattern, cure) in EDGES:
        assert place.resolve(**{variable: text}).encryption_key is not None  # such a key cannot be meant
        return
    line = place.refusal(**{variable: text})
    assert line == (
        f"{variable}: expected nothing but the value; {cure}"
        + (", so write the value itself" if cure.startswith("no program") else "")
        + "; correct it in the process environment"
    )


def test_a_shell_variable_is_not_a_folder(tmp_path: Path) -> None:
    assert "no program has replaced" in Place(tmp_path).refusal(HUB_DATA_DIR="$HOME/hub")
