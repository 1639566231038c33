"""Import settings from ``.env`` and the process environment, and find variables that have no effect."""

from __future__ import annotations

import itertools
import logging
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from config_app.declaration.schema import Setting
from config_app.errors import ConfigError, InvalidValue
from config_app.problems import Problem
from config_app.store.process import process
from hub.environment.env_file import EnvFile, EnvProblem, UnreadableEnvFile, read_env_file, signature
from hub.environment.foreign_variables import is_service_link
from hub.environment.instance import ENV_FILE, Instance, lines_too_late
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

    def __str__(self) -> str:
        return f"{self.name} of {self.place}"

    def value(self) -> Any:
        """Convert ``text`` to a value of the setting. Raise ``InvalidValue`` if the text is not valid."""
        return self.setting.parse(self.text)

    def objection(self) -> str | None:
        """Return what was expected if the text is not valid. Otherwise return ``None``."""
        try:
            self.value()
        except InvalidValue as error:
            return error.expected
        return None


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

    If both have a variable for a setting, ``environ`` wins. But a variable that is empty or not valid never
    wins against a variable that the hub can use.
    """
    for setting in schema.settings.values():
        if found := [] if setting.managed else _candidates(setting, environ, file):
            yield _preferred(found)


def _candidates(setting: Setting, environ: Mapping[str, str], file: EnvFile) -> list[Variable]:
    """Return all variables for the setting, in the order of their precedence."""
    return [
        Variable(name, place, setting, values[name])
        for place, values in ((PROCESS, environ), (str(file.path), file.values))
        for name in setting.imported_from
        # Ignore empty secrets: a template of ``.env`` contains them as placeholders.
        if name in values and (values[name].strip() or not setting.is_secret)
        if not is_service_link(name, values[name])
    ]


def _preferred(candidates: Sequence[Variable]) -> Variable:
    usable = [variable for variable in candidates if variable.objection() is None]
    return next((v for v in usable if v.text.strip()), (usable or candidates)[0])


def read_import(environ: Mapping[str, str], file: EnvFile) -> Import:
    """Return what an import of these variables would set. Do not check the rules between settings.

    If the value of a variable cannot be used, and another variable for the same setting is used instead,
    log the ignored variable.
    """
    values: dict[str, Any] = {}
    refusals: dict[str, str] = {}
    for variable in gather(environ, file):
        _warn_of_former_name(variable)
        _warn_of_ignored(variable, environ, file)
        if (objection := variable.objection()) is None:
            values[variable.setting.key] = variable.value()
        else:
            refusals[variable.setting.key] = f"{variable} was not imported, expected {objection}"
    for problem in service_links(environ):
        logger.warning("%s", problem.message)
    return Import(values, refusals)


def _warn_of_former_name(variable: Variable) -> None:
    present = variable.setting.declaration.imported_from
    if variable.name not in present:
        logger.warning("%s is imported, but it is called %s now", variable, present[0])


def _warn_of_ignored(used: Variable, environ: Mapping[str, str], file: EnvFile) -> None:
    for ignored in itertools.takewhile(lambda one: one != used, _candidates(used.setting, environ, file)):
        objection = ignored.objection()
        why = "it is empty" if objection is None else f"it is not valid: expected {objection}"
        logger.warning("%s is ignored, because %s; %s is used", ignored, why, used)


def service_links(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each variable of the hub that Kubernetes or Docker has set."""
    for setting in schema.settings.values():
        for name in setting.imported_from:
            if name in environ and is_service_link(name, environ[name]):
                yield Problem(
                    code="env_service_link",
                    message=f"{name} of {PROCESS} has no effect, because Kubernetes or Docker has set it to "
                    "the address of a service",
                    fix="nothing has to be done; enableServiceLinks: false in the pod removes such variables",
                    keys=(setting.key,),
                    severity="info",
                )


def importable_file() -> EnvFile:
    """Return ``.env``, to be imported at the first start.

    Raise ``UnreadableEnvFile`` if the file contains a line that this module does not understand, or if
    ``HUB_ENV_FILE`` names a missing file. The hub imports the file only once, so this import must be
    complete.
    """
    path = instance().env_file
    if ENV_FILE in os.environ and not path.exists():
        fix = f"correct the path, or remove {ENV_FILE} to start without a file"
        raise UnreadableEnvFile(f"{ENV_FILE} of {PROCESS}: {path} does not exist", keys=(ENV_FILE,), fix=fix)
    return understood(read_env_file(path))


def understood(file: EnvFile) -> EnvFile:
    """Return ``file``. Raise ``UnreadableEnvFile`` if it has a bad line that may be meant for the hub."""
    if problems := list(_unreadable_lines(file)):
        lines = "; ".join(map(str, problems))
        fix = "correct these lines, or remove them; nothing was imported"
        raise UnreadableEnvFile(f"{file.path}, {lines}", fix=fix)
    return file


def current_import() -> Import:
    """Return what an import of the process environment and ``.env`` would set. Log unknown variables.

    Raise the errors of ``importable_file``.
    """
    file = importable_file()
    for problem in unknown(os.environ, file):
        logger.warning("%s", problem)
    return read_import(os.environ, file)


def unknown(environ: Mapping[str, str], file: EnvFile) -> list[Problem]:
    """Return a problem for each variable that looks like a variable of the hub but is unknown."""
    of_file = unknown_variables(file.values, str(file.path), only_ours=True)
    return [*unknown_variables(environ, PROCESS), *of_file]


def instance() -> Instance:
    """Return the ``Instance`` of this process. It says where the database, the keys and the files are."""
    found: Instance = settings.INSTANCE
    return found


class _Examined:
    """The last result of ``drift``, and what it depends on. Unlike the values in `.env`, it is not secret."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.last: tuple[tuple[Any, ...], list[Problem]] = (), []


_examined = process.keep(_Examined())


def drift(config: RuntimeConfig) -> list[Problem]:
    """Return a problem for each variable that is invalid, unknown or different from its setting."""
    # Every page of the dashboard calls this, so the file is only read again after a change.
    found = config, instance(), signature(instance().env_file), hash(frozenset(os.environ.items()))
    before, problems = _examined.last
    if found != before:
        problems = _drift(config)
        _examined.last = found, problems
    return list(problems)


def _drift(config: RuntimeConfig) -> list[Problem]:
    try:
        file = read_env_file(instance().env_file)
    except ConfigError as error:
        return [Problem(code="env_unreadable", message=str(error), severity="info")]
    lines = (*lines_too_late(file, instance().data_dir, settings.BASE_DIR), *_unreadable_lines(file))
    without_effect = [_line_problem(file, problem) for problem in lines]
    differing = _differing(config, gather(os.environ, file))
    foreign = (*service_links(os.environ), *unknown(os.environ, file))
    return [*differing, *_misplaced(file), *without_effect, *foreign]


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
            message=f"{variable} differs from {key} and has no effect",
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
