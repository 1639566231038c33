"""``Problem``: something that needs attention. ``Finding``: what one check of the doctor found.

The fix of a problem or of an error can contain commands, such as ``manage.py config show``. A person may
read the fix in another folder, in a log or in a browser. There, ``manage.py`` alone may not be found, or may
use another install. So before a fix is shown, ``runnable`` completes its commands.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from config_app.presentation.overview import Overview

IN_FOLDER: Final = "./manage.py"
"""How a person starts a command in the folder of the project."""
# A command that is complete already has a path in front of manage.py.
_COMMAND = re.compile(r"(?<![\w/.-])(?:\./)?manage\.py(?= [A-Za-z])")

_complete: Callable[[], str] = str


def complete_commands_with(prefix: Callable[[], str]) -> None:
    """Register the function that returns what ``runnable`` writes instead of ``manage.py``.

    If the function returns an empty text, ``runnable`` changes nothing.
    """
    global _complete  # noqa: PLW0603 - one project a process
    _complete = prefix


def command_prefix() -> str:
    """Return what ``runnable`` writes instead of ``manage.py``; an empty text if it changes nothing."""
    return _complete()


def runnable(text: str) -> str:
    """Return ``text`` with complete commands, which work in every folder of this machine.

    Show such a text only to people who may know the paths of this machine.
    """
    if "manage.py" not in text or not (prefix := command_prefix()):
        return text
    return _COMMAND.sub(lambda _match: prefix, text)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that needs a person's attention. The texts never contain the value of a secret.

    ``code`` never changes, so scripts can rely on it. ``keys`` are the keys of the settings concerned.
    """

    code: str
    message: str
    fix: str = ""
    keys: tuple[str, ...] = ()
    severity: str = "warning"

    def __str__(self) -> str:
        """Return the message and the fix in one line with complete commands, for a terminal or a log."""
        return runnable(f"{self.message}; {self.fix}" if self.fix else self.message)

    def as_json(self) -> dict[str, Any]:
        """Return the problem as a dictionary with complete commands, for ``--json``."""
        return dataclasses.asdict(self) | {"message": runnable(self.message), "fix": runnable(self.fix)}


def sentence(problem: Problem) -> str:
    """Return the message with a capital first letter. A key at the start of the message stays unchanged."""
    return capitalized(problem.message, problem.keys)


def capitalized(text: str, keys: tuple[str, ...] = ()) -> str:
    """Return ``text`` with a capital first letter.

    If the text starts with one of ``keys``, or with another name that contains ``_``, it stays unchanged.
    """
    is_name = text.startswith(keys) or "_" in text.partition(" ")[0]
    return text if is_name else f"{text[:1].upper()}{text[1:]}"


def sentences(problem: Problem) -> str:
    """Return the message and the fix as sentences with complete commands, for a page."""
    texts = (full_sentence(problem.message, problem.keys), full_sentence(problem.fix))
    return runnable(" ".join(texts).strip())


def full_sentence(text: str, keys: tuple[str, ...] = ()) -> str:
    """Return ``text`` as a whole sentence: with a capital first letter (see ``capitalized``) and a period."""
    return capitalized(text, keys) + ("" if text.endswith((".", "?")) or not text else ".")


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What one check of the doctor found: a text, and problems. Neither contains the value of a secret."""

    text: str
    problems: tuple[Problem, ...] = ()


Check = Callable[["Overview"], Finding]
"""A function that makes one check of the doctor. The report shows the name of the function.

The function can raise ``ConfigError``."""
Look = Callable[[], Finding]
"""A function that makes one check of the doctor and needs no database."""
