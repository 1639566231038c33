"""Read one `.env` file as data; `os.environ` is never read or written.

django-environ's own `read_env` is not used: it writes into `os.environ`, keeps inline comments as part of
the value, knows no multi-line values, and skips `NAME = value` lines without a word. python-dotenv's parser
reads all of these; what it gets wrong in files people really have is put right here, each beside its reason.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from config_app.errors import ConfigError

if TYPE_CHECKING:
    from dotenv.parser import Binding, Reader

MAX_BYTES: Final = 1024 * 1024

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Only the name of an assignment is surely a name. A bare word may be a line of somebody's private key that
# lost its quotes, so it is repeated only when it looks like the variables people set: HUB_PORT.
_ASSIGNED = re.compile(r"\s*(?:export\s+)?'?([A-Za-z_][A-Za-z0-9_.-]*)'?[^\S\n]*=")
_BARE = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![^\s:])")
_OPENS_QUOTE = re.compile(r"[^=\n]*=[^\S\n]*[\"']")
_FIRST_LINE = re.compile(r"\s*[^\n]*\n?")
# The last line of `A="one` ... `COLOUR="#fff"`: the quote that seems to close A opens the next value.
_NEXT_VALUE = re.compile(r"\n[^\S\n]*(?:export\s+)?[A-Za-z_]\w*[^\S\n]*=[^\S\n]*[\"']#[^\n]*\n?\Z")
# The parser takes quadratic time over a run of blanks; nobody's value has one this long.
_ENDLESS_BLANKS = re.compile(r"[^\S\n]{1000,}")
_UNDECODED = re.compile(r"[\ud800-\udfff]")


class UnreadableEnvFile(ConfigError):
    """The file exists but is not one whose lines can be read."""


@dataclass(frozen=True, slots=True)
class EnvProblem:
    """A line that gave no value: `message` says what was expected and never repeats what is there."""

    line: int
    name: str | None
    message: str

    def __str__(self) -> str:
        return ": ".join(filter(None, [f"line {self.line}", self.name, self.message]))


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a `.env` file says: each variable's value and line, and the lines that could not be used."""

    path: Path
    values: Mapping[str, str] = field(repr=False)
    lines: Mapping[str, int]
    problems: tuple[EnvProblem, ...]
    duplicates: Mapping[str, tuple[int, ...]]


def read_env_file(path: Path) -> EnvFile:
    """Read `path`; a missing file is an empty one. Raise UnreadableEnvFile when it cannot be read as text.

    The last line that names a variable decides: where it is a problem, the variable has no value.
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
    """Return the file as text with plain newlines, in which what cannot be text is a surrogate or NUL."""
    text = _decode(path, _content(path))
    # The parser counts CRLF twice after a line it cannot read, which makes every later line number wrong.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _ENDLESS_BLANKS.sub("\0", text)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnreadableEnvFile(f"{path} cannot be read: {error.strerror}", fix=_fix(path)) from None
    if len(content) > MAX_BYTES:
        raise UnreadableEnvFile(f"{path} is larger than {MAX_BYTES:,} bytes", fix=_fix(path))
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
    return f"make {path.name} a text file that this account can read, or remove it"


def _bindings(text: str) -> Iterator[Binding]:
    """Parse `text`; a line that cannot be read takes no following line with it.

    A quote that is never closed makes the parser search on, up to a quote in some later line, and drop
    everything in between. It is sent back to the line after the first.
    """
    # Imported here because most starts read no `.env` at all.
    from dotenv.parser import Reader, parse_binding

    reader = Reader(StringIO(text))
    while reader.has_next():
        binding = parse_binding(reader)
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
    """Return the line the variable stands on; the parser counts from the blank lines before it."""
    source = binding.original.string
    blank = len(source) - len(source.lstrip())
    return binding.original.line + source.count("\n", 0, blank)


def _name(source: str) -> str | None:
    found = _ASSIGNED.match(source) or _BARE.match(source)
    return found.group(1) if found else None


def _expectation(source: str) -> str:
    if _OPENS_QUOTE.match(source):
        return "expected the same quote at the end of the value, and nothing after it but a comment"
    return "expected NAME=value"


def _not_text(value: str) -> str | None:
    if "\0" in value:
        return "expected a value without NUL bytes and without a thousand blanks in a row"
    if _UNDECODED.search(value):
        return "expected UTF-8 text; save the file as UTF-8"
    return None
