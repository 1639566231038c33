"""What a verb of ``manage.py config`` is made of."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any, ClassVar

from config_app.cli.terminal import Terminal
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.schema import Setting
from config_app.errors import ConfigError, ManagedSetting
from config_app.project import get_project, get_schema

LONGEST_WAIT, A_DAY = 30.0, 86_400.0
"""Seconds that a verb waits for other processes unless told otherwise, and the most that it can be told."""
SHORTEST_DEADLINE = 10.0
"""Seconds within which nobody could confirm a change."""
UNITS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"([0-9]{1,5})([smh])")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")


class WrongCall(ConfigError):
    """The command line itself makes no sense: exit status 2, as for anything that argparse refuses."""


class Verb:
    """One verb: the arguments it takes and what it does with them."""

    needs_install: ClassVar[bool] = True
    repeated: ClassVar[str | None] = None
    """The positional argument that may go on after an option, which argparse itself does not allow."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Do it; raise ``ConfigError`` where it is refused or fails."""
        raise NotImplementedError


def add_json_option(parser: ArgumentParser) -> None:
    """Let the verb print JSON for programs."""
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")


def add_writing_options(parser: ArgumentParser) -> None:
    """Let the verb say why, and only show what it would do: what every writing verb takes."""
    parser.add_argument("--reason", type=_text, default="", help="why, for the history")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and write nothing")
    add_json_option(parser)


def add_base_option(parser: ArgumentParser) -> None:
    """Let the verb refuse where somebody else was faster."""
    text = "refuse unless this is still the last revision"
    parser.add_argument("--if-revision", type=number, metavar="N", help=text)


def add_wait_option(parser: ArgumentParser) -> None:
    """Let the verb end only once every running process has its revision in force."""
    text = f"wait until every process has it in force, at most SECONDS ({LONGEST_WAIT:.0f})"
    options: dict[str, Any] = {"nargs": "?", "const": LONGEST_WAIT, "type": seconds, "metavar": "SECONDS"}
    parser.add_argument("--wait", help=text, **options)


def add_confirm_option(parser: ArgumentParser) -> None:
    """Let the revision revert by itself unless it is confirmed in time."""
    text = "revert by itself unless config confirm is called within that time, such as 5m"
    parser.add_argument("--confirm", type=duration, metavar="TIME", help=text)


def duration(text: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``5m`` or ``1h``."""
    match = _DURATION.fullmatch(text)
    found = int(match[1]) * UNITS[match[2]] if match else 0
    if not SHORTEST_DEADLINE <= found <= A_DAY:
        raise ArgumentTypeError("expected a duration from 10s to 24h, such as 90s, 5m or 1h")
    return float(found)


def seconds(text: str) -> float:
    """Return a number of seconds, at most a day."""
    if not _SECONDS.fullmatch(text) or float(text) > A_DAY:
        raise ArgumentTypeError("expected a number of seconds; without one, --wait comes last")
    return float(text)


def number(text: str) -> int:
    """Return a whole number from 1 on."""
    if not _NUMBER.fullmatch(text):
        raise ArgumentTypeError("expected a whole number from 1 on")
    return int(text)


def number_or_zero(text: str) -> int:
    """Return a whole number from 0 on."""
    return 0 if text == "0" else number(text)


def _text(text: str) -> str:
    """Return what a database can store as text."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ArgumentTypeError("expected text")
    return text


def find_setting(key: str) -> Setting:
    """Return the setting called ``key``; raise ``UnknownSetting`` or, for the salt, ``ManagedSetting``."""
    if key == SALT_KEY:
        raise ManagedSetting(key, "and is never shown: the secrets cannot be read without it")
    return get_schema()[key]


def require_install() -> None:
    """Raise ``ConfigError`` with the cure where this install was never started."""
    lacking = get_project().lacking()
    if lacking is not None:
        raise ConfigError(lacking.message, fix=lacking.fix)
