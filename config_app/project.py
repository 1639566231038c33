"""``Project``: the class with which a project describes itself to config_app.

Define a subclass and name it in ``CONFIG_APP["PROJECT"]``.
"""

from __future__ import annotations

import dataclasses
import functools
import getpass
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from config_app.database import MIGRATE, migrate_command
from config_app.database.driver_messages import ADDRESS
from config_app.database.options import NAME_IT, NotConfigured, options
from config_app.declaration.schema import Schema, Setting
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError, NotProved, RuleViolation
from config_app.problems import Problem

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from config_app.encryption.unlockers import Unlocker
    from config_app.problems import Check, Look


__all__ = ["NotConfigured", "Problem", "ProcessVariable", "Project", "Words", "get_project", "get_schema"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessVariable:
    """An environment variable that is read at every start, because it says where the database or the key is.

    ``default`` describes what applies if the variable is not set. ``in_env_file`` says whether ``.env`` may
    set the variable.
    """

    name: str
    help: str
    default: str = ""
    in_env_file: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A project's own texts, which replace the general texts of config_app.

    - ``state``: the label of the state in ``config show``.
    - ``prepare``: the command that brings the tables up to date.
    - ``verbs``: maps names of verbs of ``manage.py config`` to their help texts.
    - ``reset_question``: the question that a reset asks first.
    - ``database_address``: where a person corrects the address of the database.
    - ``channels``: the channels through which the project's own code makes changes.
    """

    state: str = "State"
    prepare: str = MIGRATE
    verbs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reset_question: str = "Clear every secret?"
    database_address: str = ADDRESS
    channels: tuple[str, ...] = ()


class Project:
    """What config_app needs to know about a project.

    A subclass must set ``schema``. A project with secrets must define ``unlockers()``. The other methods have
    defaults that work.
    """

    schema: Schema[Any]
    words = Words()

    def state(self, config: Any) -> str:
        """Return the state of the install in one word, for ``config show``."""
        return "configured"

    def mode(self, config: Any) -> str | None:
        """Return the mode in which the project runs. Return ``None`` if the project has no modes."""
        return None

    def lacking(self) -> Problem | None:
        """Return a problem if this install was never started. Return ``None`` if it has a configuration.

        The problem's ``code`` is the state that ``config show`` prints, and ``fix`` says how to start the
        install. Raise ``ConfigError`` if the database cannot be examined. The method must not write anything.
        """
        return None

    def process_variables(self) -> Iterable[ProcessVariable]:
        """Return the environment variables that are read at every start.

        The generated reference of settings describes these variables.
        """
        return ()

    def unlockers(self) -> Iterable[Unlocker]:
        """Return the unlockers of the keyring, the preferred one first."""
        raise ConfigError("no key is configured for secrets; define unlockers() in CONFIG_APP['PROJECT']")

    def problems(self, config: Any) -> list[Problem]:
        """Return the project's own problems in a running install."""
        return []

    def findings(self, config: Any) -> list[Problem]:
        """Return what needs attention in ``config``, although ``config`` is valid.

        The reviews also call this method with a planned configuration, and show the findings that it adds. If
        the database does not answer, return only the findings that need no database.
        """
        return []

    def facts_without_database(self) -> Iterable[Look]:
        """Return the project's checks for ``config doctor`` that need no database."""
        return ()

    def facts(self) -> Iterable[Check]:
        """Return the project's checks for ``config doctor`` that need a readable configuration."""
        return ()

    def drift(self, config: Any) -> list[Problem]:
        """Return a problem for each environment variable whose value differs from the value in ``config``."""
        return []

    def objections(self, before: Any, after: Any) -> Iterable[RuleViolation]:
        """Return a violation for each reason to refuse the change from ``before`` to ``after``.

        The ``guards`` of the schema have the same purpose. Unlike a guard, this method can import any code of
        the project.
        """
        return ()

    def lockouts(self, before: Any, after: Any) -> Iterable[RuleViolation]:
        """Return a violation for each lockout that a change causes. A change in a shell skips this method."""
        return ()

    def reset_changes(self) -> dict[str, Any]:
        """Return the changes that a reset makes in addition to clearing every secret."""
        return {}

    def after_reset(self) -> str:
        """Return the text that the CLI prints after a reset, such as how to set the install up again."""
        return ""

    def generated_secrets(self) -> Mapping[str, Any]:
        """Return a new value for each secret that the project generates.

        The dict maps the key of the secret to the value. config_app calls this method after all secrets were
        lost.
        """
        return {}

    def renew_other_secrets(self, renew: Callable[[str, str], str | None]) -> None:
        """Replace each ciphertext that the project keeps outside the configuration.

        config_app calls this method within a transaction. Store the new ciphertext that ``renew(name,
        ciphertext)`` returns. If ``renew`` returns ``None``, remove the secret.
        """

    def remove_outdated(self) -> None:
        """Delete the outdated rows of the project's own tables.

        The watcher of each process calls this method about once a minute, outside of a transaction.
        """

    def revoke_access(self) -> None:
        """End all sessions and remove rights. A reset calls this method within its transaction."""

    def may_change(self, user: Any, setting: Setting) -> bool:
        """Return whether ``user`` is allowed to change ``setting``."""
        # config_app has checked already that the user may change the configuration.
        return True

    def may_export_secrets(self, user: Any) -> bool:
        """Return whether ``user`` is allowed to export secrets in the browser.

        The user chooses the passphrase with which the secrets are encrypted.
        """
        # Such a person can read every secret afterwards, which the editor never allows.
        return bool(getattr(user, "is_superuser", False))

    def has_proved(self, request: HttpRequest) -> bool:
        """Return whether the sender of ``request`` has recently proved their identity."""
        return True

    def where_to_prove(self, request: HttpRequest) -> str:
        """Return the URL of the page where people prove their identity.

        Return an empty text if there is no such page. People then enter their password.
        """
        return ""

    def prove(self, request: HttpRequest, password: Secret) -> None:
        """Accept ``password`` as a proof of identity; raise ``NotProved`` if ``password`` is wrong.

        Afterwards, ``has_proved`` returns true for a while.
        """
        raise NotProved("no password is accepted here; define prove() in CONFIG_APP['PROJECT']")

    def arrived_under(self, request: HttpRequest, config: Any, keys: Collection[str]) -> bool:
        """Return whether ``request`` reached the application through the values in ``config``.

        ``keys`` are the keys of the changed settings. For example, if the port was changed, return whether
        the request used the port in ``config``. Only such a request is allowed to confirm the change.
        """
        # Such a request proves that people can still reach the application with the new values.
        return True

    def address_under(self, request: HttpRequest, config: Any) -> str:
        """Return the origin at which the sender of ``request`` reaches the application under ``config``.

        Return an empty text if this origin is not known.
        """
        return ""

    def let_connect(self, response: HttpResponse, origin: str) -> None:
        """Allow the scripts of the page ``response`` to send requests to ``origin``.

        Override this method if a content security policy would forbid such requests.
        """

    def command_prefix(self) -> str:
        """Return what replaces ``manage.py`` in messages to people who have access to this machine.

        With this text, a command must act on this install in every folder. The text must contain no secret.
        """
        return ""

    def local_actor(self) -> str:
        """Return the name that the history shows for the person who runs a command on this machine."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "shell"


SUBCLASS = "make it a subclass of config_app.project.Project"


def confirm_seconds(default: float) -> float:
    """Return ``CONFIG_APP["CONFIRM_SECONDS"]``. If this option is missing, return ``default``.

    Raise ``NotConfigured`` if the value is not a positive number.
    """
    try:
        seconds = float(options().get("CONFIRM_SECONDS", default))
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < math.inf:
        fix = f"set it to a number of seconds, such as {default:.0f}, or remove it"
        raise NotConfigured('CONFIG_APP["CONFIRM_SECONDS"] is not a positive number', fix=fix)
    return seconds


@functools.cache
def get_project() -> Project:
    """Return an instance of the class that ``CONFIG_APP["PROJECT"]`` names.

    Raise ``NotConfigured`` if this class is missing, is no subclass of ``Project`` or has no schema.
    """
    name = options().get("PROJECT")
    if not isinstance(name, str):
        wrong = "is missing" if name is None else "is not the dotted path of a class"
        raise NotConfigured(f'CONFIG_APP["PROJECT"] {wrong}', fix=NAME_IT)
    try:
        found = import_string(name)
    except ImportError as error:
        raise NotConfigured(f'CONFIG_APP["PROJECT"] cannot be imported: {error}', fix=NAME_IT) from error
    project = found() if callable(found) else found
    if not isinstance(project, Project):
        raise NotConfigured(f'CONFIG_APP["PROJECT"]: {name} is not a subclass of Project', fix=SUBCLASS)
    if not isinstance(getattr(project, "schema", None), Schema):
        raise NotConfigured(f"{name} has no schema", fix="set schema = Schema(...) in this class")
    return project


def _forget_project(*, setting: str, **_signal: Any) -> None:
    """Forget the project when a test changes ``CONFIG_APP``."""
    if setting == "CONFIG_APP":
        get_project.cache_clear()


setting_changed.connect(_forget_project, dispatch_uid="config_app.project")


def prepare_command() -> str:
    """Return the command that brings the tables up to date: the project's own, or ``migrate``."""
    prepare = get_project().words.prepare
    return migrate_command() if prepare == MIGRATE else prepare


def get_schema() -> Schema[Any]:
    """Return the project's schema."""
    return get_project().schema
