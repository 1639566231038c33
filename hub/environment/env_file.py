"""Read one `.env` file as data. This module never reads or writes `os.environ`.

The module uses the parser of python-dotenv and corrects the mistakes that the parser makes with real files.
django-environ's `read_env` is not used. It writes into `os.environ`, keeps inline comments as part of the
value, does not support multi-line values, and silently skips lines such as `NAME = value`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from config_app.encryption.private_files import read_regular
from config_app.errors import ConfigError
from hub.environment import MAX_ENV_BYTES

if TYPE_CHECKING:
    from dotenv.parser import Binding, Reader

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Messages repeat the name of an assignment. A line without `=` may belong to a private key that lost its
# quotes, so its first word is repeated only if it looks like a variable: HUB_PORT.
_ASSIGNED = re.compile(r"\s*(?:export\s+)?'?([A-Za-z_][A-Za-z0-9_.-]*)'?[^\S\n]*=")
_BARE = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![^\s:])")
# How other programs write an assignment. Each key says what to change.
_HABITS = {
    "without `set` before the name": re.compile(r"\s*set(?:env|x)?\s", re.IGNORECASE),
    "without `$env:` before the name": re.compile(r"\s*\$(?:env:|\{env:)", re.IGNORECASE),
    "without `$` before the name": re.compile(r"\s*\$\w"),
    "without words before the name": re.compile(
        r"\s*(?:ENV|ARG|declare|local|let|var|const)\s+(?:-\w+\s+)?\w+\s*="
    ),
    "not a section": re.compile(r"\s*\[[^\]]*\]\s*(?:\n|\Z)"),
    "with = instead of a colon, as this file is not YAML or JSON": re.compile(
        r"\s*(?:-\s+)?[\"']?[A-Za-z_][\w.-]*[\"']?\s*:(?!//)"
    ),
    "without a dash before the name": re.compile(r"\s*-\s"),
    "with # before a comment": re.compile(r"\s*(?://|;|--|rem\s)", re.IGNORECASE),
}
_OPENS_QUOTE = re.compile(r"[^=\n]*=[^\S\n]*[\"']")
_FIRST_LINE = re.compile(r"\s*[^\n]*\n?")
# If the closing quote of a value is missing, as in `A="one` ... `COLOUR="#fff"`, the quote that seems to
# close A really opens the next value. The pattern matches the end of such a value.
_NEXT_VALUE = re.compile(r"\n[^\S\n]*(?:export\s+)?[A-Za-z_]\w*[^\S\n]*=[^\S\n]*[\"']#[^\n]*\n?\Z")
# The parser needs quadratic time for a run of blanks. No real value contains so many blanks in a row.
_ENDLESS_BLANKS = re.compile(r"[^\S\n]{1000,}")
_UNDECODED = re.compile(r"[\ud800-\udfff]")


class UnreadableEnvFile(ConfigError):
    """The `.env` file exists, but cannot be read as text."""


@dataclass(frozen=True, slots=True)
class EnvProblem:
    """A bad line of the file. `message` says what was expected and does not repeat the line."""

    line: int
    name: str | None
    message: str

    def __str__(self) -> str:
        return ": ".join(filter(None, [f"line {self.line}", self.name, self.message]))


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The contents of a `.env` file.

    `values` maps the name of each variable to its value. `lines` maps each name to its line number.
    `problems` contains the bad lines. If several lines name a variable, `duplicates` maps its name to the
    numbers of all these lines.
    """

    path: Path
    values: Mapping[str, str] = field(repr=False)
    lines: Mapping[str, int]
    problems: tuple[EnvProblem, ...]
    duplicates: Mapping[str, tuple[int, ...]]


def signature(path: Path) -> tuple[int, ...]:
    """Return numbers that change when the file changes. This neither opens nor reads the file."""
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def read_env_file(path: Path) -> EnvFile:
    """Return the contents of the file. A missing file counts as an empty file.

    If several lines name a variable, only the last of these lines counts. A bad line gives no value.
    Raise UnreadableEnvFile if the file cannot be read as text.
    """
    collector = _Collector()
    for binding in _bindings(_text(path)):
        collector.add(binding)
    return collector.result(path)


class _Collector:
    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._lines: dict[str, list[int]] = {}
        self._problems: list[EnvProblem] = []

    def add(self, binding: Binding) -> None:
        source, line = binding.original.string, _line(binding)
        if binding.error:
            self._refuse(line, _name(source), _expectation(source))
        elif binding.key is None:
            return  # a comment, or blank lines at the end
        elif binding.value is None:
            self._refuse(line, _name(source), "expected NAME=value, but there is no = on this line")
        elif (expected := _not_text(binding.value)) is not None:
            self._refuse(line, binding.key, expected)
        else:
            self._values[binding.key] = binding.value
            self._lines.setdefault(binding.key, []).append(line)

    def _refuse(self, line: int, name: str | None, message: str) -> None:
        self._problems.append(EnvProblem(line, name, message))
        if name is not None:
            self._values.pop(name, None)
            self._lines.setdefault(name, []).append(line)

    def result(self, path: Path) -> EnvFile:
        return EnvFile(
            path=path,
            values=MappingProxyType(self._values),
            lines=MappingProxyType({name: self._lines[name][-1] for name in self._values}),
            problems=tuple(self._problems),
            duplicates=MappingProxyType({n: tuple(at) for n, at in self._lines.items() if len(at) > 1}),
        )


def _text(path: Path) -> str:
    """Return the file as text with plain newlines.

    Bytes that are not UTF-8 become surrogates. A thousand or more blanks in a row would slow down the parser,
    so a NUL replaces them. Later, a value with a NUL is refused.
    """
    text = _decode(path, _content(path))
    # The parser counts CRLF twice after a line it cannot read, which makes every later line number wrong.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _ENDLESS_BLANKS.sub("\0", text)


def _content(path: Path) -> bytes:
    try:
        content = read_regular(path, MAX_ENV_BYTES)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnreadableEnvFile(f"{path} cannot be read: {error.strerror}", fix=_fix(path)) from None
    if len(content) > MAX_ENV_BYTES:
        raise UnreadableEnvFile(f"{path} is larger than {MAX_ENV_BYTES:,} bytes", fix=_fix(path))
    return content


def _decode(path: Path, content: bytes) -> str:
    # Windows PowerShell's `>` writes UTF-16 with a byte order mark.
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-8-sig", "surrogateescape")
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError:
        raise UnreadableEnvFile(f"{path} is not text", fix="save it as UTF-8") from None


def _fix(path: Path) -> str:
    return f"make {path.name} a text file that this account can read, or remove the file"


def _bindings(text: str) -> Iterator[Binding]:
    """Yield each assignment, comment and bad line of `text`. A bad line does not affect later lines."""
    # Imported here because most starts read no `.env` at all.
    from dotenv.parser import Reader, parse_binding

    reader = Reader(StringIO(text))
    while reader.has_next():
        binding = parse_binding(reader)
        # If a quote is never closed, the parser drops everything up to a quote in some later line. So after
        # a bad line, parsing continues with the line below it.
        yield _only_first_line(reader, binding) if _is_broken(binding) else binding


def _is_broken(binding: Binding) -> bool:
    if binding.error or binding.key is None:
        return binding.error
    if not _VARIABLE.fullmatch(binding.key):
        return True
    return "\n" in (binding.value or "") and _NEXT_VALUE.search(binding.original.string) is not None


def _only_first_line(reader: Reader, binding: Binding) -> Binding:
    found = _FIRST_LINE.match(binding.original.string)
    first = found.group() if found else ""
    reader.position.set(reader.mark)
    reader.position.advance(first)
    original = binding.original._replace(string=first)
    return binding._replace(key=None, value=None, original=original, error=True)


def _line(binding: Binding) -> int:
    """Return the number of the line that contains the variable."""
    source = binding.original.string  # the parser counts from the first blank line before the variable
    blank = len(source) - len(source.lstrip())
    return binding.original.line + source.count("\n", 0, blank)


def _name(source: str) -> str | None:
    found = _ASSIGNED.match(source) or _BARE.match(source)
    return found.group(1) if found else None


def _expectation(source: str) -> str:
    if "\0" in source:
        return "expected NAME=value, but there is a NUL byte; save the file as UTF-8"
    if habit := next((words for words, pattern in _HABITS.items() if pattern.match(source)), ""):
        return f"expected NAME=value, {habit}"
    if _OPENS_QUOTE.match(source):
        return "expected the value to end with the same quote, with at most a comment after it"
    return "expected NAME=value"


def _not_text(value: str) -> str | None:
    if "\0" in value:
        return "expected a value without NUL bytes and with fewer than a thousand spaces in a row"
    if _UNDECODED.search(value):
        return "expected UTF-8 text; save the file as UTF-8"
    return None
