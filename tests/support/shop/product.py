"""The shop's part of the setup wizard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from config_app.errors import ConfigError
from setup_wizard.claiming.forms import AccountForm, ModeForm
from setup_wizard.product import Administrator, Application, Backup, Product
from setup_wizard.steps import ACCOUNT, MODE, CheckResult, Group, Probe, Step
from tests.support.shop.configuration import CARD, CASH, CLOSED, ShopConfig
from tests.support.shop.settings import FOLDER

UNLUCKY = 13


def _ring(_values: Mapping[str, Any], _request: HttpRequest) -> CheckResult:
    return CheckResult(ok=True, message="It rings.")


class ShopSetup(Product):
    """The shop, as ``setup_wizard`` sees it."""

    modes = (CARD, CASH)
    account_modes = (CARD, CASH)
    mode_key = "means"
    steps = (
        Step(
            name=MODE,
            label="Means",
            title="How will people pay?",
            intro="One of these.",
            groups=(Group(keys=("means",)),),
            form_class=ModeForm,
        ),
        Step(name=ACCOUNT, label="Owner", title="Who are you?", intro="", form_class=AccountForm),
        Step(
            name="till",
            label="Till",
            title="Where is the till?",
            intro="",
            groups=(
                Group(
                    keys=("counter", "bell", "terminal_key"),
                    title="Till",
                    probe=Probe(name="bell", label="Ring", keys=("bell",), run=_ring),
                ),
            ),
        ),
    )

    largest_backup = 1024 * 1024
    restore_command = "./manage.py unpack FILE"

    def examine_backup(self, path: Path) -> Backup:
        """Return the same contents for every file, so that the page can be seen."""
        return Backup(
            made_at="2026-11-29",
            version="",
            revision=3,
            settings=2,
            accounts=1,
            secrets=("terminal_key",),
            closed_because="the machine key is missing",
        )

    def is_configured(self, config: ShopConfig) -> bool:
        """Return whether the shop has opened."""
        return config.means != CLOSED

    def token_file(self) -> Path:
        """Return the path of a token file for the test."""
        return FOLDER / "token"

    def origin(self, config: ShopConfig) -> str:
        """Return an origin; no server answers there."""
        return "http://testserver"

    def unavailable(self, request: HttpRequest, error: ConfigError) -> HttpResponse:
        """Answer 503."""
        return HttpResponse(str(error), status=503)

    def references(self, step: Step, request: HttpRequest) -> list[dict[str, str]]:
        """Return a text to copy, for the page of a step."""
        return [{"title": "Tell the bank", "text": "shop-1"}] if step.name == "till" else []

    def account(self, email: str, name: str) -> User:
        """Return an unsaved account of Django's user model."""
        return User(username=email, email=email, first_name=name)

    def make_administrator(self, administrator: Administrator) -> User:
        """Create the account."""
        user = self.account(administrator.email, administrator.name)
        user.password, user.is_staff, user.is_superuser = administrator.password, True, True
        user.save()
        return user

    def claim_changes(self, application: Application, config: ShopConfig) -> dict[str, Any]:
        """Return the entered values; refuse an unlucky counter, so that the review shows a problem."""
        if application.changes["counter"] == UNLUCKY:
            raise ConfigError("counter 13 brings bad luck", fix="take another one")
        return {**application.changes, "means": application.mode}

    def notes(self) -> list[dict[str, str]]:
        """Return one note, so that the last page shows what notes look like."""
        return [{"title": "Opening hours", "text": "Put them on the door.", "command": "./manage.py hours"}]
