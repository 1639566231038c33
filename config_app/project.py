"""What config_app asks of the project that uses it; subclass ``Project`` and name it in ``CONFIG_APP``."""

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
    """An environment variable that every start reads, because it says where the configuration is.

    ``default`` is what applies where it is not set, in words; ``in_env_file`` whether ``.env`` may set it.
    """

    name: str
    help: str
    default: str = ""
    in_env_file: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A project's own words, for what the engine would otherwise say in general terms.

    ``state`` labels the state in ``config show``. ``prepare`` is the command that brings the tables up to
    date. ``verbs`` replaces the help of verbs by their name. ``reset_question`` is asked before a reset.
    ``channels`` are the channels of changes that the project makes itself.
    """

    state: str = "State"
    prepare: str = "manage.py migrate"
    verbs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reset_question: str = "Clear every secret?"
    channels: tuple[str, ...] = ()


class Project:
    """The seams between the engine and a project; every one has a working default but ``schema``."""

    schema: Schema[Any]
    words = Words()

    def state(self, config: Any) -> str:
        """Return the word that ``config show`` prints as the state."""
        return "configured"

    def mode(self, config: Any) -> str | None:
        """Return the mode the project runs in, where it knows modes."""
        return None

    def lacking(self) -> Problem | None:
        """Return what an install that was never started lacks, or ``None`` where it has a configuration.

        ``code`` is the word that ``config show`` prints as the state, ``fix`` says how to start. Raises
        ``ConfigError`` where the database cannot be judged; creates and writes nothing.
        """
        return None

    def process_variables(self) -> Iterable[ProcessVariable]:
        """Return the environment variables that are read at every start, for the reference."""
        return ()

    def unlockers(self) -> Iterable[Unlocker]:
        """Return the ways to unlock the keyring, the preferred first."""
        raise ConfigError("no key is configured for secrets; define unlockers() in CONFIG_APP['PROJECT']")

    def problems(self, config: Any) -> list[Problem]:
        """Return what the project itself has to report about a running install."""
        return []

    def facts_without_database(self) -> Iterable[Look]:
        """Return the project's checks for ``config doctor`` that need no database, such as of its files."""
        return ()

    def facts(self) -> Iterable[Check]:
        """Return the project's checks for ``config doctor`` of a configuration that can be read."""
        return ()

    def drift(self, config: Any) -> list[Problem]:
        """Return the environment variables that are set and differ from ``config``."""
        return []

    def objections(self, before: Any, after: Any) -> Iterable[RuleViolation]:
        """Return what stands against changing from the configuration ``before`` to ``after``.

        Like a guard of the schema, but it may use everything that the project can import.
        """
        return ()

    def reset_changes(self) -> dict[str, Any]:
        """Return the changes that a reset makes besides clearing every secret."""
        return {}

    def after_reset(self) -> str:
        """Return what the command line says once a reset is done: how to set the install up anew."""
        return ""

    def revoke_access(self) -> None:
        """End sessions and rights, as a reset does, within its transaction."""

    def may_change(self, user: Any, setting: Setting) -> bool:
        """Tell whether ``user``, who may change the configuration, may change this setting too."""
        return True

    def has_proved(self, request: HttpRequest) -> bool:
        """Tell whether whoever sent ``request`` has proved recently who they are, for sensitive changes."""
        return True

    def where_to_prove(self, request: HttpRequest) -> str:
        """Return where they sign in anew for it; empty where they enter their password with the change."""
        return ""

    def prove(self, request: HttpRequest, password: Secret) -> None:
        """Take ``password`` as proof, also for what follows; raise ``NotProved`` where it is not theirs."""
        raise NotProved("no password is accepted here; define prove() in CONFIG_APP['PROJECT']")

    def arrived_under(self, request: HttpRequest, config: Any, keys: Collection[str]) -> bool:
        """Tell whether ``request`` came in the way that ``config`` says, as far as ``keys`` decide that.

        Only such a request proves that people still get in, and may confirm a change of these settings.
        """
        return True

    def address_under(self, request: HttpRequest, config: Any) -> str:
        """Return the origin under which ``config`` serves whoever sent ``request``; empty if not known."""
        return ""

    def let_connect(self, response: HttpResponse, origin: str) -> None:
        """Let the scripts of this one page ask ``origin`` something, where a policy would forbid it."""

    def local_actor(self) -> str:
        """Return whom history names for a command run on this machine."""
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
