"""The interface between the wizard and the product that the wizard sets up."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string

from config_app.errors import ConfigError
from config_app.problems import Problem
from setup_wizard.steps import Step

if TYPE_CHECKING:
    from config_app.models import Revision
    from config_app.store import Origin
    from setup_wizard.claiming.answers import Answers


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """The data for the account that a claim creates. ``password`` is the hash that Django stores."""

    email: str
    name: str = ""
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything that a claim commits: the mode, the values of settings and, in some modes, an account."""

    mode: str
    changes: Mapping[str, Any]
    administrator: Administrator | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CommandOption:
    """An option of ``manage.py setup`` for one setting. For a secret, the option takes a file name."""

    flag: str
    key: str
    metavar: str
    help: str
    repeatable: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """The facts about an uploaded backup that the page for a restore shows.

    ``version`` is empty if the backup names no version. ``secrets`` are the keys of the stored secrets.
    ``closed_because`` says why no key of this machine unlocks the secrets. If a key unlocks the secrets,
    ``closed_because`` is empty.
    """

    made_at: str
    version: str
    revision: int
    settings: int
    accounts: int
    secrets: tuple[str, ...]
    closed_because: str


class Product:
    """The base class of products. The wizard calls the methods of a subclass.

    ``settings.SETUP_WIZARD["PRODUCT"]`` names the subclass.
    """

    noun = "install"
    """The word for the product on the wizard's pages."""
    steps: tuple[Step, ...]
    modes: tuple[str, ...]
    account_modes: tuple[str, ...]
    """The modes in which the claim creates an account with a password."""
    mode_key: str
    proved_modes: tuple[str, ...] = ()
    """The modes that require a test sign-in in the browser before the claim."""
    command_options: tuple[CommandOption, ...] = ()

    largest_backup: int = 0
    """The size in bytes of the largest backup that can be uploaded; 0 if the product has no backups."""
    restore_command: str = ""
    """The command that restores a backup on the server if the backup is too large to upload."""

    def examine_backup(self, path: Path) -> Backup:
        """Return what a backup contains.

        Raise ``ConfigError`` if the file is damaged or is not a backup.
        """
        raise NotImplementedError

    def restore_backup(self, path: Path, origin: Origin) -> Revision:
        """Replace the whole install with a backup, in the current transaction.

        Return the revision that records the restore. Raise ``ConfigError`` if the backup cannot be restored.
        """
        raise NotImplementedError

    def open_places(self) -> Collection[str]:
        """Return the first path segments of the pages that answer while the install is unclaimed.

        The wizard and the health checks always answer, so leave out the segments of these pages.
        """
        return ()

    def is_configured(self, config: Any) -> bool:
        """Return whether ``config`` is the configuration of a claimed install."""
        raise NotImplementedError

    def token_file(self) -> Path:
        """Return the path of the file that holds the setup token, in a private directory."""
        raise NotImplementedError

    def count_wrong_token(self, request: HttpRequest) -> str | None:
        """Count a wrong setup token from this client.

        Return a message if the client has sent too many wrong tokens. Otherwise return ``None``. Even after
        too many wrong tokens, the right token must be accepted.
        """
        # Behind a proxy, all clients may have the same address. A guesser must not lock the operator out.
        return None

    def bootstrap(self) -> None:
        """Prepare the install for a claim. For example, create the database."""

    def check_database(self) -> None:
        """Raise ``ConfigError`` unless the database exists, can be read and has this version's schema."""

    def origin(self, config: Any) -> str:
        """Return the origin at which a browser reaches the install."""
        raise NotImplementedError

    def stranger_at_address(self, config: Any) -> str:
        """Return a warning if another program answers at the origin of this install.

        Return ``""`` if the install itself answers there, or if no program does.
        """
        return ""

    def unavailable(self, request: HttpRequest, error: ConfigError) -> HttpResponse:
        """Return a response with status 503 that says what is wrong and how to fix it."""
        raise NotImplementedError

    def suggest(self, request: HttpRequest, answers: Answers) -> Mapping[str, Any]:
        """Return a dict that maps keys of settings to suggested values.

        The forms show a suggested value instead of the current value.
        """
        return {}

    def objections(self, step: Step, values: Mapping[str, Any], answers: Answers) -> Mapping[str, str]:
        """Return a dict that maps keys of settings to error messages.

        The product can refuse a value that is valid for the setting. If the product accepts all values, the
        dict is empty.
        """
        return {}

    def cautions(self, request: HttpRequest, after: Any) -> Iterable[Problem]:
        """Return what a person should check before the claim.

        ``after`` is the runtime config after the claim. ``request`` shows how the person reaches the install.
        """
        return ()

    def heritable(self, steps: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Return the steps whose answers prefill the forms for the next holder of the setup token.

        Leave out every answer that would give a person rights.
        """
        # The earlier holder may be a stranger.
        return steps

    def revise(
        self, before: Mapping[str, Mapping[str, str]], after: dict[str, dict[str, str]]
    ) -> dict[str, dict[str, str]]:
        """Return the steps to save in the draft.

        ``before`` has the saved steps, and ``after`` also has the new answers of one step. The product can
        change the answers of the other steps so that they fit the new answers.
        """
        return after

    def entrance(self, request: HttpRequest) -> str:
        """Return the URL to which page requests are redirected while the install is unclaimed."""
        return reverse("setup:token")

    def references(self, step: Step, request: HttpRequest) -> list[dict[str, str]]:
        """Return the texts that people copy to another site during the step ``step``.

        Each text is a dict with ``title`` and ``text``.
        """
        return []

    def finish_label(self, mode: str) -> str:
        """Return the label of the button that claims the install."""
        return "Finish setup"

    def prove(self, request: HttpRequest, application: Application) -> HttpResponse:
        """Return a redirect to a test sign-in in the mode of ``application``.

        After the test sign-in, the browser must come back to ``setup:proof``.
        """
        raise NotImplementedError

    def conclude(
        self, request: HttpRequest, application: Application, commit: Callable[[str], object]
    ) -> HttpResponse | None:
        """If the test sign-in succeeded, make the claim, sign the person in, and return ``None``.

        ``commit`` makes the claim. The argument of ``commit`` is the name that the history shows for the
        person. If the test sign-in failed, return a response that says why.
        """
        raise NotImplementedError

    def prepare_claim(self, application: Application) -> None:
        """Remove the rights and sessions of earlier owners, in the transaction of the claim.

        A product may also activate inactive accounts again, if their addresses are in ``application``.
        """

    def account(self, email: str, name: str) -> Any:
        """Return an account with this address and this name. Do not save the account.

        Some password validators compare the entered password with the data of this account.
        """
        return get_user_model()(email=email, name=name)

    def make_administrator(self, administrator: Administrator) -> AbstractBaseUser:
        """Create or re-activate the account in the transaction of the claim. Return the account."""
        raise NotImplementedError

    def claim_changes(self, application: Application, config: Any) -> dict[str, Any]:
        """Return a dict that maps keys of settings to new values.

        The dict contains ``application.changes``, and the settings that every claim changes.
        """
        raise NotImplementedError

    def is_same_claim(self, application: Application, config: Any) -> bool:
        """Return whether ``application`` has the same mode and owner as ``config``."""
        return False

    def configuration_url(self) -> str:
        """Return the URL at which a signed-in administrator changes the configuration."""
        return "/"

    def address_afterwards(self, request: HttpRequest) -> str:
        """Return the origin of the install after a claim.

        Return an empty text if the browser uses this origin already.
        """
        return ""

    def notes(self) -> list[dict[str, str]]:
        """Return the reminders for the last page.

        Each reminder is a dict with ``title``, ``text`` and, if a command helps, ``command``.
        """
        return []


@functools.cache
def get_product() -> Product:
    """Return the product that ``SETUP_WIZARD["PRODUCT"]`` names."""
    return cast("Product", import_string(settings.SETUP_WIZARD["PRODUCT"])())
