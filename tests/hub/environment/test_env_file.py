"""Reading `.env`: values are exactly as written, and no message contains a value."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.environment import MAX_ENV_BYTES
from hub.environment.env_file import EnvFile, UnreadableEnvFile, read_env_file
from tests.support.processes.unprivileged import as_ordinary_user

Read = Callable[[str | bytes], EnvFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that writes a `.env` and reads it back."""

    def write_and_read(content: str | bytes) -> EnvFile:
        path = tmp_path / ".env"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_env_file(path)

    return write_and_read


@pytest.mark.parametrize(
    ("content", "values"),
    [
        pytest.param("", {}, id="empty file"),
        pytest.param("A=1", {"A": "1"}, id="no newline at the end"),
        pytest.param("\ufeffA=1\n", {"A": "1"}, id="byte order mark"),
        pytest.param("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}, id="CRLF"),
        pytest.param("A=1\rB=2\rC=3", {"A": "1", "B": "2", "C": "3"}, id="lone CR"),
        pytest.param("A=1\r\nB=2\nC=3\rD=4", {"A": "1", "B": "2", "C": "3", "D": "4"}, id="mixed line ends"),
        pytest.param("export A=1\nexport\tB=2\n", {"A": "1", "B": "2"}, id="export"),
        pytest.param("export=5", {"export": "5"}, id="a variable called export"),
        pytest.param("  A = 1\nB\t=\t2\n", {"A": "1", "B": "2"}, id="blanks round the equals sign"),
        pytest.param("A=1 # why\nB=2\t# why\n", {"A": "1", "B": "2"}, id="inline comments"),
        pytest.param("A='1' # why\nB=\"2\"# why\n", {"A": "1", "B": "2"}, id="comments after quotes"),
        pytest.param("# A=1\n  # B=2\n\nC=3\n", {"C": "3"}, id="comments and blank lines"),
        pytest.param("A=a#b\nB=#b\n", {"A": "a#b", "B": "#b"}, id="hash in a bare value"),
        pytest.param("A='a #b'\nB=\"a #b\"\n", {"A": "a #b", "B": "a #b"}, id="hash in quotes"),
        pytest.param("A=a=b=c\nB==\nC='a=b'\n", {"A": "a=b=c", "B": "=", "C": "a=b"}, id="equals in values"),
        pytest.param("A=\nB=''\nC=\"\"\nD= # why\n", {"A": "", "B": "", "C": "", "D": ""}, id="empty values"),
        pytest.param("A=one two  \n", {"A": "one two"}, id="blanks within and after a bare value"),
        pytest.param("A='  one  '\n", {"A": "  one  "}, id="blanks within quotes stay"),
        pytest.param(r'A="a\nb\t\"q\" \\"', {"A": 'a\nb\t"q" \\'}, id="escapes in double quotes"),
        pytest.param(r"A='a\nb \'q\' \\'", {"A": r"a\nb 'q' " + "\\"}, id="escapes in single quotes"),
        pytest.param(r"A=C:\new\table", {"A": r"C:\new\table"}, id="no escapes without quotes"),
        pytest.param('A=it\'s "so"', {"A": 'it\'s "so"'}, id="quotes within a bare value"),
        pytest.param("A=$B ${C} $(d) `e`", {"A": "$B ${C} $(d) `e`"}, id="nothing is interpolated"),
        pytest.param('B=1\nA="${B}"', {"B": "1", "A": "${B}"}, id="nor in quotes"),
        pytest.param('A="one\ntwo\n"\nB=2', {"A": "one\ntwo\n", "B": "2"}, id="several lines in quotes"),
        pytest.param('A="one\r\ntwo"', {"A": "one\ntwo"}, id="several CRLF lines in quotes"),
        pytest.param("A='x\n# y\nB=1'", {"A": "x\n# y\nB=1"}, id="what looks like lines within quotes"),
        pytest.param("'A'=1", {"A": "1"}, id="quoted name"),
        pytest.param("A.B-c=1", {"A.B-c": "1"}, id="names that are not ours"),
        pytest.param("A=grüße 😀", {"A": "grüße 😀"}, id="not only ASCII"),
        pytest.param("A=" + "x" * 500_000, {"A": "x" * 500_000}, id="a very long line"),
        pytest.param("A=1\nB=é\n".encode("utf-16"), {"A": "1", "B": "é"}, id="UTF-16 from PowerShell"),
    ],
)
def test_it_reads_what_the_file_says(read: Read, content: str | bytes, values: dict[str, str]) -> None:
    env_file = read(content)
    assert (dict(env_file.values), env_file.problems) == (values, ())


@pytest.mark.parametrize(
    ("content", "line", "name", "expected"),
    [
        pytest.param("HUB_PORT", 1, "HUB_PORT", "no =", id="a name alone"),
        pytest.param("export HUB_PORT # why", 1, "HUB_PORT", "no =", id="an export of nothing"),
        pytest.param("HUB_PORT: 1", 1, "HUB_PORT", "NAME=value", id="a colon"),
        pytest.param("HUB PORT=1", 1, None, "NAME=value", id="a blank in the name"),
        pytest.param("set HUB_PORT=1", 1, None, "NAME=value", id="a Windows batch line"),
        pytest.param("=1", 1, None, "NAME=value", id="no name"),
        pytest.param("1A=1", 1, None, "NAME=value", id="no name that a variable can have"),
        pytest.param('A="1', 1, "A", "same quote", id="a quote that never closes"),
        pytest.param("export A = '1", 1, "A", "same quote", id="nor this one"),
        pytest.param('A="C:\\dir\\"', 1, "A", "same quote", id="a closing quote that is escaped"),
        pytest.param("A='1' 2", 1, "A", "same quote", id="text after the closing quote"),
        pytest.param("A=1\0", 1, "A", "NUL", id="a NUL byte"),
        pytest.param("A='1\0'", 1, "A", "NUL", id="a NUL byte in quotes"),
        pytest.param("A\0=1", 1, None, "NAME=value", id="a NUL byte in the name"),
        pytest.param(b"A=caf\xe9", 1, "A", "UTF-8", id="Latin-1"),
        pytest.param(b"A='caf\xe9'", 1, "A", "UTF-8", id="Latin-1 in quotes"),
        pytest.param("A=1".encode("utf-16-le"), 1, None, "NAME=value", id="UTF-16 without a mark"),
        pytest.param("\n\r\n\n  HUB_PORT\n", 4, "HUB_PORT", "no =", id="after blank lines"),
        pytest.param("C D=1\r\n\r\nE F=1\r\n# x\r\nHUB_A", 5, "HUB_A", "no =", id="after broken CRLF lines"),
        pytest.param("A='x\n\ny'\nHUB_A", 4, "HUB_A", "no =", id="after several lines in quotes"),
    ],
)
def test_it_names_the_line_it_cannot_use_and_reads_on(
    read: Read, content: str | bytes, line: int, name: str | None, expected: str
) -> None:
    octets = content.encode() if isinstance(content, str) else content
    env_file = read(octets + b"\nGOOD=1")
    problem = env_file.problems[-1]
    assert (problem.line, problem.name) == (line, name)
    assert expected in problem.message
    assert env_file.values["GOOD"] == "1"
    assert name not in env_file.values


@pytest.mark.parametrize(
    "following",
    [
        'B="2"\nC=3',
        "B='2'\nC=3",
        "B=it's\nC=3",
        'B="#fff"\nC=3',
        'B=a"b"c\n\n# say "so"\nC=3',
        'B="two\nlines"\nC=3',
    ],
)
@pytest.mark.parametrize("opening", ['A="1', "A='1", "export A = '1"])
def test_an_unclosed_quote_takes_no_other_line_with_it(read: Read, opening: str, following: str) -> None:
    env_file = read(f"{opening}\n{following}\n")
    assert [(problem.line, problem.name) for problem in env_file.problems] == [(1, "A")]
    assert dict(env_file.values) == dict(read(following).values)


def test_a_quoted_name_that_runs_over_lines_takes_none_with_it(read: Read) -> None:
    assert dict(read("'A=1\nB=2\nC'=3\nD=4").values) == {"B": "2", "D": "4"}


def test_comments_may_be_in_any_encoding(read: Read) -> None:
    env_file = read(b"# caf\xe9 \0\nA=1 # caf\xe9\nB='2' # \xff\n")
    assert (dict(env_file.values), env_file.problems) == ({"A": "1", "B": "2"}, ())


def test_of_duplicates_the_last_one_counts_and_all_lines_are_named(read: Read) -> None:
    env_file = read("A=1\nB=1\nA=2\n\nexport A=3\n")
    assert dict(env_file.values) == {"A": "3", "B": "1"}
    assert dict(env_file.lines) == {"A": 5, "B": 2}
    assert dict(env_file.duplicates) == {"A": (1, 3, 5)}


def test_a_last_line_that_cannot_be_used_does_not_revive_an_earlier_one(read: Read) -> None:
    env_file = read("A=1\nA='2\n")
    assert "A" not in env_file.values
    assert dict(env_file.duplicates) == {"A": (1, 2)}


def test_a_good_last_line_counts_after_one_that_cannot_be_used(read: Read) -> None:
    env_file = read("A='1\nA=2\n")
    assert dict(env_file.values) == {"A": "2"}
    assert [problem.line for problem in env_file.problems] == [1]


def test_a_problem_reads_as_one_line(read: Read) -> None:
    (problem,) = read("\nHUB_PORT\n").problems
    assert str(problem) == "line 2: HUB_PORT: expected NAME=value, but there is no = on this line"


def test_a_private_key_without_quotes_is_not_repeated(read: Read) -> None:
    env_file = read("KEY=-----BEGIN KEY-----\nMIIEvQIBADAN\nDEADBEEF\nabc/+de f\n-----END KEY-----\nA=1")
    told = "\n".join(map(str, env_file.problems))
    assert len(env_file.problems) == 4
    assert not any(part in told for part in ("MIIE", "DEADBEEF", "abc", "END"))


def test_values_are_not_in_the_representation(read: Read) -> None:
    assert "canary" not in repr(read("A=canary\nB='canary"))


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    env_file = read_env_file(tmp_path / ".env")
    assert env_file == EnvFile(tmp_path / ".env", {}, {}, (), {})


def test_an_empty_device_is_an_empty_file() -> None:
    assert dict(read_env_file(Path(os.devnull)).values) == {}


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableEnvFile, match=r"cannot be read: Is a directory"):
        read_env_file(tmp_path)


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.touch(mode=0)
    with as_ordinary_user(), pytest.raises(UnreadableEnvFile, match=r"cannot be read: Permission denied"):
        read_env_file(path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#" * (MAX_ENV_BYTES + 1))
    with pytest.raises(UnreadableEnvFile, match=r"larger than 1,048,576 bytes"):
        read_env_file(tmp_path / "large")


def test_half_a_utf_16_character_is_refused(read: Read) -> None:
    with pytest.raises(UnreadableEnvFile, match=r"is not text; save it as UTF-8"):
        read(b"\xff\xfeA\x00=")


@pytest.mark.parametrize("blanks", [" ", "\t", "\u00a0"])
def test_an_endless_run_of_blanks_costs_no_time(read: Read, blanks: str) -> None:
    started = time.monotonic()
    env_file = read("A=1" + blanks * (MAX_ENV_BYTES // 4) + "2\nB=2")
    assert time.monotonic() - started < 20  # a search from each blank would take hours
    assert dict(env_file.values) == {"B": "2"}


def test_nothing_is_written_to_the_process_environment(read: Read) -> None:
    before = dict(os.environ)
    read("PATH=/nowhere\nHUB_PORT=1\nexport HOME=/nowhere\n")
    assert dict(os.environ) == before


_PIECES = st.sampled_from(
    [
        "A",
        "HUB_PORT",
        "=",
        " ",
        "\n",
        "\r",
        "\r\n",
        "'",
        '"',
        "#",
        "\\",
        "export ",
        "\0",
        "\ufeff",
        "é",
        "$",
        "{",
    ]
)
_CONTENT = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=60).map(
        lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")
    ),
)


def _read_bytes(content: bytes) -> EnvFile:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, ".env")
        path.write_bytes(content)
        return read_env_file(path)


@given(_CONTENT)
def test_no_content_breaks_it_or_reaches_the_process_environment(content: bytes) -> None:
    before = dict(os.environ)
    try:
        env_file = _read_bytes(content)
    except UnreadableEnvFile:
        assert content.startswith((b"\xff\xfe", b"\xfe\xff"))
        return
    finally:
        assert dict(os.environ) == before
    for value in env_file.values.values():
        assert "\0" not in value
        value.encode()


@given(_CONTENT)
def test_no_content_takes_the_last_line_with_it(content: bytes) -> None:
    unquoted = content.replace(b"'", b"").replace(b'"', b"")
    assert _read_bytes(b"#" + unquoted + b"\nLAST=1\n").values["LAST"] == "1"


@given(_CONTENT)
def test_every_problem_names_a_line_of_the_file(content: bytes) -> None:
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    try:
        problems = _read_bytes(content).problems
    except UnreadableEnvFile:
        return
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert "\n" not in str(problem)


_VALUE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=200)


@given(_VALUE)
def test_any_text_in_escaped_single_quotes_is_read_back(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    assert _read_bytes(f"A='{quoted}'\nB=2\n".encode()).values == {"A": value, "B": "2"}
