"""The seam between the wizard and the product it sets up, named in ``settings.SETUP_WIZARD``."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string

from config_app.errors import ConfigError
from setup_wizard.steps import Step

if TYPE_CHECKING:
    from setup_wizard.claiming.answers import Answers


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """The account to make: ``password`` is Django's hash."""

    email: str
    name: str = ""
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything that a claim commits: ``changes`` by setting, and in some modes the first account."""

    mode: str
    changes: Mapping[str, Any]
    administrator: Administrator | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CommandOption:
    """An option of ``manage.py setup`` that gives a setting; a secret's names a file."""

    flag: str
    key: str
    metavar: str
    help: str
    repeatable: bool = False


class Product:
    """What the wizard asks of the product."""

    noun = "install"
    """What the wizard's pages call what they set up."""
    steps: tuple[Step, ...]
    modes: tuple[str, ...]
    account_modes: tuple[str, ...]
    """The modes in which the claim makes an account with a password."""
    mode_key: str
    proved_modes: tuple[str, ...] = ()
    """The modes that have to be proved to work, in the browser that claims, before the claim."""
    command_options: tuple[CommandOption, ...] = ()

    def is_configured(self, config: Any) -> bool:
        """Tell whether ``config`` is that of a claimed install."""
        raise NotImplementedError

    def token_file(self) -> Path:
        """Return where the setup token is kept for the operator, in a private directory."""
        raise NotImplementedError

    def count_wrong_token(self, request: HttpRequest) -> str | None:
        """Count a wrong setup token against the client that sent it; return what it is told after too many.

        A valid one is taken all the same: behind a proxy, everybody may come from one address.
        """
        return None

    def bootstrap(self) -> None:
        """Bring the install to where it can be claimed."""

    def check_database(self) -> None:
        """Raise ``ConfigError`` unless the database is there, readable and of this code's schema."""

    def origin(self, config: Any) -> str:
        """Return the origin under which a browser reaches the install."""
        raise NotImplementedError

    def unavailable(self, request: HttpRequest, error: ConfigError) -> HttpResponse:
        """Answer 503 with a diagnosis and a cure."""
        raise NotImplementedError

    def suggest(self, request: HttpRequest, answers: Answers) -> Mapping[str, Any]:
        """Return values to prefill by setting, where the one in force is not the best guess."""
        return {}

    def objections(self, step: Step, values: Mapping[str, Any], answers: Answers) -> Mapping[str, str]:
        """Return what is wrong with a step's values beyond each of them alone, by setting."""
        return {}

    def heritable(self, steps: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Return what of a draft's steps fills in the forms of whoever brings a newer setup token.

        They may be somebody else, and the earlier one a stranger: leave out what gives anybody rights.
        """
        return steps

    def revise(
        self, before: Mapping[str, Mapping[str, str]], after: dict[str, dict[str, str]]
    ) -> dict[str, dict[str, str]]:
        """Return the draft's steps after a save, other steps adapted to what it changed."""
        return after

    def entrance(self, request: HttpRequest) -> str:
        """Return where in the wizard a page request is sent to while the install is unclaimed."""
        return reverse("setup:token")

    def references(self, step: Step, request: HttpRequest) -> list[dict[str, str]]:
        """Return what a step tells to copy elsewhere: ``title`` and ``text``."""
        return []

    def finish_label(self, mode: str) -> str:
        """Return what the button says that claims."""
        return "Finish setup"

    def prove(self, request: HttpRequest, application: Application) -> HttpResponse:
        """Send the browser away to prove that the mode works; it comes back to ``setup:proof``."""
        raise NotImplementedError

    def conclude(
        self, request: HttpRequest, application: Application, commit: Callable[[str], object]
    ) -> HttpResponse | None:
        """Call ``commit`` with a name for the history once the proof is there, and sign that person in.

        Without proof, returns the answer that says why.
        """
        raise NotImplementedError

    def prepare_claim(self, application: Application) -> None:
        """Take away the rights and sessions of earlier owners, within the claim's transaction.

        Accounts that ``application`` names by address, and makes none for, may come back to life.
        """

    def account(self, email: str, name: str) -> Any:
        """Return an unsaved account, which a new password is compared with."""
        return get_user_model()(email=email, name=name)

    def make_administrator(self, administrator: Administrator) -> AbstractBaseUser:
        """Create or re-activate the account, within the claim's transaction."""
        raise NotImplementedError

    def claim_changes(self, application: Application, config: Any) -> dict[str, Any]:
        """Return the whole change of a claim by setting: what was applied for and what goes with it."""
        raise NotImplementedError

    def is_same_claim(self, application: Application, config: Any) -> bool:
        """Tell whether the claimed ``config`` is what ``application`` asks for."""
        return False

    def configuration_url(self) -> str:
        """Return where a signed-in administrator changes the configuration."""
        return "/"

    def address_afterwards(self, request: HttpRequest) -> str:
        """Return the origin under which whoever has just claimed goes on; empty where it is the same."""
        return ""

    def notes(self) -> list[dict[str, str]]:
        """Return what the last page reminds of: ``title``, ``text`` and perhaps a ``command``."""
        return []


@functools.cache
def get_product() -> Product:
    """Return the product named by ``SETUP_WIZARD["PRODUCT"]``."""
    return cast("Product", import_string(settings.SETUP_WIZARD["PRODUCT"])())
