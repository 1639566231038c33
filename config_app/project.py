"""``Project``, which tells the engine about the project that uses it.

Define a subclass and name it in ``CONFIG_APP["PROJECT"]``.
"""

from __future__ import annotations

import dataclasses
import functools
import getpass
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from config_app.declaration.schema import Schema, Setting
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError, NotProved, RuleViolation
from config_app.problems import Problem

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from config_app.encryption.keyring import Unlocker
    from config_app.problems import Check, Look


__all__ = ["Problem", "ProcessVariable", "Project", "Words", "get_project", "get_schema"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessVariable:
    """An environment variable that is read at every start, because it says where the database or the key is.

    ``default`` describes what applies if the variable is not set. ``in_env_file`` is whether ``.env`` may set
    the variable.
    """

    name: str
    help: str
    default: str = ""
    in_env_file: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A project's own texts, instead of the engine's general ones.

    - ``state``: the label of the state in ``config show``.
    - ``prepare``: the command that brings the tables up to date.
    - ``verbs``: help texts for verbs of ``manage.py config``, by the name of the verb.
    - ``reset_question``: the question that a reset asks first.
    - ``channels``: the channels of the changes that the project's own code makes.
    """

    state: str = "State"
    prepare: str = "manage.py migrate"
    verbs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reset_question: str = "Clear every secret?"
    channels: tuple[str, ...] = ()


class Project:
    """What the engine needs to know about a project.

    A subclass must set ``schema``. A project with secrets must define ``unlockers()``. The other methods have
    defaults that work.
    """

    schema: Schema[Any]
    words = Words()

    def state(self, config: Any) -> str:
        """Return the state of the install in one word, for ``config show``."""
        return "configured"

    def mode(self, config: Any) -> str | None:
        """Return the mode in which the project runs, or ``None`` if it has no modes."""
        return None

    def lacking(self) -> Problem | None:
        """Return a problem if this install was never started, or ``None`` if it has a configuration.

        The problem's ``code`` is the state that ``config show`` prints, and ``fix`` says how to start. Create
        and write nothing. Raise ``ConfigError`` if the database cannot be examined.
        """
        return None

    def process_variables(self) -> Iterable[ProcessVariable]:
        """Return the environment variables that are read at every start, for the reference of settings."""
        return ()

    def unlockers(self) -> Iterable[Unlocker]:
        """Return the ways to unlock the keyring, the preferred one first."""
        raise ConfigError("no key is configured for secrets; define unlockers() in CONFIG_APP['PROJECT']")

    def problems(self, config: Any) -> list[Problem]:
        """Return the project's own problems in a running install."""
        return []

    def facts_without_database(self) -> Iterable[Look]:
        """Return the project's checks for ``config doctor`` that need no database (of files, for example)."""
        return ()

    def facts(self) -> Iterable[Check]:
        """Return the project's checks for ``config doctor`` that need a readable configuration."""
        return ()

    def drift(self, config: Any) -> list[Problem]:
        """Return a problem for each environment variable that is set and differs from ``config``."""
        return []

    def objections(self, before: Any, after: Any) -> Iterable[RuleViolation]:
        """Return a violation for each reason to refuse the change from ``before`` to ``after``.

        This is like a guard of the schema, but it may import any code of the project.
        """
        return ()

    def reset_changes(self) -> dict[str, Any]:
        """Return the changes that a reset makes besides clearing every secret."""
        return {}

    def after_reset(self) -> str:
        """Return the text that the CLI prints after a reset, such as how to set the install up again."""
        return ""

    def revoke_access(self) -> None:
        """End all sessions and remove rights; a reset calls this within its transaction."""

    def may_change(self, user: Any, setting: Setting) -> bool:
        """Return whether ``user`` may change this setting."""
        # The engine has checked already that the user may change the configuration.
        return True

    def has_proved(self, request: HttpRequest) -> bool:
        """Return whether the sender of ``request`` has recently proved their identity."""
        return True

    def where_to_prove(self, request: HttpRequest) -> str:
        """Return the URL where people prove their identity; empty if they enter their password instead."""
        return ""

    def prove(self, request: HttpRequest, password: Secret) -> None:
        """Accept ``password`` as a proof of identity; raise ``NotProved`` if it is not the sender's.

        After this, ``has_proved`` is true for a while.
        """
        raise NotProved("no password is accepted here; define prove() in CONFIG_APP['PROJECT']")

    def arrived_under(self, request: HttpRequest, config: Any, keys: Collection[str]) -> bool:
        """Return whether ``request`` arrived in the way that the settings ``keys`` of ``config`` describe.

        Only such a request may confirm a change of these settings.
        """
        # It proves that people can still reach the application with these settings.
        return True

    def address_under(self, request: HttpRequest, config: Any) -> str:
        """Return the origin where the sender of ``request`` reaches the application with ``config``.

        Return an empty text if that is not known.
        """
        return ""

    def let_connect(self, response: HttpResponse, origin: str) -> None:
        """Allow the scripts of this page to send requests to ``origin``, if a policy would forbid that."""

    def local_actor(self) -> str:
        """Return the actor that history shows for a command that was run on this machine."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "shell"


@functools.cache
def get_project() -> Project:
    """Return the project named by ``CONFIG_APP["PROJECT"]``."""
    return cast("Project", import_string(settings.CONFIG_APP["PROJECT"])())


def get_schema() -> Schema[Any]:
    """Return the project's schema."""
    return get_project().schema
