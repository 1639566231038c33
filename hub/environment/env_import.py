"""Import settings from ``.env`` and the process environment, and find variables that have no effect."""

from __future__ import annotations

import itertools
import logging
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from config_app.declaration.schema import Setting
from config_app.errors import ConfigError, InvalidValue
from config_app.problems import Problem
from hub.environment.env_file import EnvFile, EnvProblem, read_env_file
from hub.environment.instance import Instance, lines_too_late
from hub.environment.unknown_variables import unknown_variables
from hub.runtime_config import RuntimeConfig, schema

logger = logging.getLogger("hub")

PROCESS = "the process environment"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable from which the hub imports ``setting``. ``text`` is the value of the variable.

    ``place`` says where the variable is: in the process environment or in a file. ``text`` can be a secret.
    """

    name: str
    place: str
    setting: Setting
    text: str = field(repr=False)

    def value(self) -> Any:
        """Convert ``text`` to a value of the setting. Raise ``InvalidValue`` if the text is not valid."""
        return self.setting.parse(self.text)


@dataclass(frozen=True, slots=True)
class Import:
    """The result of an import.

    ``values`` maps the key of each setting to the value to set. If a variable is not valid,
    ``refusals`` maps the key of its setting to a text with the reason.
    """

    values: Mapping[str, Any]
    refusals: Mapping[str, str]


def gather(environ: Mapping[str, str], file: EnvFile) -> Iterator[Variable]:
    """Yield a ``Variable`` for each setting that has a variable in ``environ`` or in the file.

    If both have a variable for a setting, ``environ`` wins.
    """
    places = ((PROCESS, environ), (str(file.path), file.values))
    for setting in schema.settings.values():
        if setting.managed:
            continue
        found = (
            Variable(name, place, setting, values[name])
            for place, values in places
            for name in setting.imported_from
            # Ignore empty secrets: a template of ``.env`` contains them as placeholders.
            if name in values and (values[name].strip() or not setting.is_secret)
        )
        yield from itertools.islice(found, 1)


def read_import(environ: Mapping[str, str], file: EnvFile) -> Import:
    """Return what an import of these variables would set. Do not check the rules between settings."""
    values: dict[str, Any] = {}
    refusals = dict(_unreadable(file))
    for variable in gather(environ, file):
        _warn_of_former_name(variable)
        try:
            values[variable.setting.key] = variable.value()
            refusals.pop(variable.setting.key, None)
        except InvalidValue as error:
            refusals[variable.setting.key] = _note(variable.name, variable.place, error.expected)
    return Import(values, refusals)


def _warn_of_former_name(variable: Variable) -> None:
    present = variable.setting.declaration.imported_from
    if variable.name not in present:
        logger.warning(
            "%s of %s is imported, but it is called %s now", variable.name, variable.place, present[0]
        )


def _note(name: str, place: str, expected: str) -> str:
    return f"{name} of {place} was not imported, expected {expected}"


def _unreadable(file: EnvFile) -> Iterator[tuple[str, str]]:
    """Yield a pair for each setting whose line in ``.env`` is bad: the key, and a text with the reason."""
    by_variable = {name: s.key for s in schema.settings.values() for name in s.imported_from}
    for problem in file.problems:
        if problem.name in by_variable:
            place = f"{file.path}, line {problem.line},"
            yield by_variable[problem.name], f"{problem.name} of {place} was not imported: {problem.message}"


def current_import() -> Import:
    """Return what an import of the process environment and ``.env`` would set. Log unknown variables."""
    file = read_env_file(instance().env_file)
    for problem in unknown(os.environ, file):
        logger.warning("%s", problem)
    return read_import(os.environ, file)


def unknown(environ: Mapping[str, str], file: EnvFile) -> list[Problem]:
    """Return a problem for each variable that looks like a variable of the hub but is unknown."""
    return [*unknown_variables(environ, PROCESS), *unknown_variables(file.values, str(file.path))]


def instance() -> Instance:
    """Return the ``Instance`` of this process. It says where the database, the keys and the files are."""
    found: Instance = settings.INSTANCE
    return found


def drift(config: RuntimeConfig) -> list[Problem]:
    """Return a problem for each variable that is invalid, unknown or different from its setting."""
    try:
        file = read_env_file(instance().env_file)
    except ConfigError as error:
        return [Problem(code="env_unreadable", message=str(error), severity="info")]
    lines = (*lines_too_late(file, instance().data_dir, settings.BASE_DIR), *_unreadable_lines(file))
    without_effect = [_line_problem(file, problem) for problem in lines]
    differing = _differing(config, gather(os.environ, file))
    return [*differing, *_misplaced(file), *without_effect, *unknown(os.environ, file)]


def _unreadable_lines(file: EnvFile) -> Iterator[EnvProblem]:
    """Yield the bad lines of ``.env``. Leave out lines that clearly belong to other programs."""
    ours = {name for setting in schema.settings.values() for name in setting.imported_from}
    for problem in file.problems:
        if problem.name is None or problem.name in ours or problem.name.startswith("HUB_"):
            yield problem


def _line_problem(file: EnvFile, problem: EnvProblem) -> Problem:
    return Problem(
        code="env_line",
        message=f"{file.path}, {problem}",
        fix="correct or remove the line; it has no effect",
        severity="info",
    )


def _differing(config: RuntimeConfig, variables: Iterable[Variable]) -> Iterator[Problem]:
    for variable in variables:
        key = variable.setting.key
        try:
            wanted = variable.value()
        except InvalidValue as error:
            fix = f"remove it: {key} expects {error.expected}"
        else:
            if wanted == schema.value(config, key):
                continue
            fix = f"remove it, or run {_command(variable.setting, wanted)}"
        yield Problem(
            code="env_differs",
            message=f"{variable.name} of {variable.place} differs from {key} and has no effect",
            fix=fix,
            keys=(key,),
            severity="info",
        )


def _command(setting: Setting, value: Any) -> str:
    """Return the command that sets ``value``. If the setting is secret, the command reads standard input."""
    text = "--stdin" if setting.is_secret else shlex.quote(setting.serialise_optional(value))
    return f"manage.py config set {setting.key} {text}"


def _misplaced(file: EnvFile) -> Iterator[Problem]:
    """Yield a problem for each variable in ``.env`` that names a database other than the database in use."""
    from hub.environment.database_drift import database_differs

    for name in ("HUB_DATABASE_URL", "HUB_DATABASE_PATH"):
        if name in file.values and database_differs(name, file.values[name], instance()):
            yield Problem(
                code="env_differs",
                message=f"{name} of {file.path} differs from the database in use and has no effect",
                fix="remove it, or set it in the process environment",
                keys=("database_path",),
                severity="info",
            )
