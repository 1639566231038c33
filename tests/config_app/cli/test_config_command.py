"""`manage.py config` as a process: exit status, errors in one line, pipes, folders without a hub."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from argparse import ArgumentParser
from pathlib import Path

import pytest

from config_app.cli.registry import VERBS, VerbEntry
from config_app.project import get_project
from tests.support.config_command import CANARY, config
from tests.support.processes.hub_process import HubProcess
from tests.support.verb_calls import BEFORE, GOOD_CALL


def content(hub: HubProcess) -> str:
    with sqlite3.connect(hub.database) as connection:
        return "\n".join(connection.iterdump())


def in_own_words(entry: VerbEntry) -> VerbEntry:
    """Return the verb with the project's help text, if the project has its own for this verb."""
    return entry._replace(help=get_project().words.verbs.get(entry.name, entry.help))


def test_every_verb_has_a_test_file_of_its_own() -> None:
    folder = Path(__file__).parent
    assert [
        e.name for e in VERBS if not (folder / f"test_config_{e.name.replace('-', '_')}.py").exists()
    ] == []


def test_every_verb_has_a_good_call_here() -> None:
    assert [entry.name for entry in VERBS] == list(GOOD_CALL)


def test_the_help_lists_every_verb(started_once: HubProcess) -> None:
    found = " ".join(started_once.config("--help").split())
    assert all(f" {entry.name} {in_own_words(entry).help}" in found for entry in VERBS)


@pytest.mark.parametrize("verb", GOOD_CALL)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        config(verb, "--help")
    assert ended.value.code == 0
    found = " ".join(capsys.readouterr().out.split())
    entry = next(entry for entry in VERBS if entry.name == verb)
    assert f"config {verb}" in found
    assert in_own_words(entry).sentence in found
    assert "xit status" in found


@pytest.mark.parametrize("entry", VERBS, ids=[entry.name for entry in VERBS])
def test_every_argument_of_a_verb_says_what_it_is_for(entry: VerbEntry) -> None:
    parser = ArgumentParser()
    entry.load().add_arguments(parser)
    assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize("verb", GOOD_CALL)
def test_every_verb_is_done_with_status_0(started_hub: HubProcess, verb: str) -> None:
    if verb in BEFORE:
        started_hub.config(*BEFORE[verb])
    done = started_hub.run("config", verb, *GOOD_CALL[verb])
    noted = "watching from revision 0; press Ctrl-C to stop\n" if verb == "watch" else ""
    assert (done.returncode, done.stderr) == (0, noted)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("set", "port", "abc"), "error: port: expected a whole number from 1 to 65535"),
        (("set", "--key", "port", "--value", "-1"), "error: port: expected a whole number from 1 to 65535"),
        (("set", "prot", "1"), "error: prot: no such setting; did you mean port?"),
        (("set", "app_mode", "banana"), "error: app_mode: expected one of unconfigured, local or workos"),
        (("set", "port=1", "port=2"), "error: port: given twice"),
        (("set", "workos_api_key", f"pk_{CANARY}"), "error: workos_api_key: expected `sk_` followed by"),
        (("set", CANARY.replace("_", "-"), "1"), "error: unknown key: no such setting"),
        (("get", "workos_api_key"), "error: workos_api_key: this setting is a secret; add --reveal"),
        (("get", "encryption_key_salt"), "error: encryption_key_salt: cannot be set by hand"),
        (("unset", "prot"), "error: prot: no such setting"),
        (
            ("reset",),
            "error: cannot ask for confirmation, because standard input is not a terminal; add --yes",
        ),
        (("rollback", "99"), "error: revision 99 does not exist"),
        (("confirm",), "error: no revision waits to be confirmed"),
        (("confirm", "1"), "error: revision 1 is not waiting for a confirmation"),
        (("why", "prot"), "error: prot: no such setting"),
        (("history", "--key", "prot"), "error: prot: no such setting"),
        (("show", "--section", "x"), "error: --section: no such section"),
    ],
)
def test_a_refusal_is_status_1_with_one_line_and_changes_nothing(
    started_once: HubProcess, arguments: tuple[str, ...], line: str
) -> None:
    before = content(started_once)
    done = started_once.run("config", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
    assert "canary" not in done.stderr
    assert content(started_once) == before


def test_several_wrong_settings_are_a_line_each(started_once: HubProcess) -> None:
    done = started_once.run("config", "set", "port=abc", "log_level=loud")
    assert done.returncode == 1
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [" port", " log_level"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("banana",),
        ("get",),
        ("get", "port", "log_level"),
        ("set",),
        ("set", "port"),
        ("set", "--key", "port"),
        ("set", "port", f"-{CANARY}"),
        ("set", "workos_api_key", CANARY, CANARY),
        ("set", "port", "1", "--reason", "\udcff"),
        ("set", "port", "9001", "--confirm", "2d"),
        ("confirm", "0"),
        ("show", "--banana"),
        ("show", "--all", "--section", "network"),
        ("rollback",),
        ("rollback", "0"),
        ("rollback", "1_0"),
        ("history", "--limit", "-1"),
        ("history", "--limit", "9" * 30),
        ("docs", "--format", "pdf"),
    ],
)
def test_a_wrong_call_is_status_2_and_repeats_no_value(
    started_once: HubProcess, arguments: tuple[str, ...]
) -> None:
    before = content(started_once)
    done = started_once.run("config", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
    assert content(started_once) == before


def test_a_reader_that_stops_early_is_no_error(started_once: HubProcess) -> None:
    command = started_once.command("config", "show", "--all")
    with subprocess.Popen(
        command, env=started_once.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_one_line(started_once: HubProcess) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            started_once.command("config", "show"),
            env=started_once.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "error: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_characters_gets_escapes(started_once: HubProcess, encoding: str) -> None:
    done = subprocess.run(
        started_once.command("config", "show"),
        env=started_once.environment | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"127.0.0.1" in done.stdout


def test_two_writers_at_once_make_two_revisions(started_hub: HubProcess) -> None:
    writers = [
        subprocess.Popen(
            started_hub.command("config", "set", *change),
            env=started_hub.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for change in (("port", "9001"), ("log_level", "debug"))
    ]
    printed = sorted(writer.communicate(timeout=60)[0].split(":")[0] for writer in writers)
    assert printed == ["revision 2", "revision 3"]


def test_the_user_of_the_shell_is_the_actor(started_hub: HubProcess) -> None:
    started_hub.manage("config", "set", "port", "9001", LOGNAME="ada")
    assert " ada (cli)" in started_hub.config("history")
    assert os.environ.get("LOGNAME") != "ada"
