"""The hub's implementation of ``Product``, through which the setup wizard uses the hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from config_app import store
from config_app.encryption import install_keyring
from config_app.errors import ConfigError, DatabaseUnavailable
from config_app.live import runtime
from config_app.models import Revision
from config_app.problems import Problem
from config_app.store import Origin
from hub.auth import throttle
from hub.database import migration
from hub.models import User
from hub.network import addresses, arrival
from hub.responses import errors
from hub.runtime_config import LOCAL, WORKOS, RuntimeConfig, is_configured
from hub.wizard import claims
from hub.wizard.backups import COMMAND, LARGEST, examine_backup, restore_backup
from hub.wizard.cautions import cautions
from hub.wizard.network import (
    LISTENER,
    listener_in_use,
    listener_refusals,
    stranger_at_address,
    suggested_public_url,
)
from hub.wizard.steps import STEPS, public_url
from setup_wizard.claiming.answers import Answers
from setup_wizard.product import Administrator, Application, Backup, CommandOption, Product
from setup_wizard.steps import ACCOUNT, Step


class HubSetup(Product):
    """The hub as a product that the setup wizard sets up."""

    noun = "hub"
    steps = STEPS
    modes = (LOCAL, WORKOS)
    account_modes = (LOCAL,)
    mode_key = "app_mode"
    proved_modes = (WORKOS,)
    command_options = (
        CommandOption(flag="--client-id", key="workos_client_id", metavar="ID", help="WorkOS client ID"),
        CommandOption(
            flag="--api-key-file", key="workos_api_key", metavar="FILE", help="file with the WorkOS API key"
        ),
        CommandOption(
            flag="--authkit-domain",
            key="workos_authkit_domain",
            metavar="DOMAIN",
            help="the domain of AuthKit's sign-in page",
        ),
        CommandOption(
            flag="--super-admin",
            key="super_admin_emails",
            metavar="EMAIL",
            help="e-mail address of a super admin; may be repeated",
            repeatable=True,
        ),
    )

    largest_backup = LARGEST
    restore_command = COMMAND

    def examine_backup(self, path: Path) -> Backup:
        """Return what a backup of a hub contains.

        Raise ``ConfigError`` if the file is damaged or is not a backup.
        """
        return examine_backup(path)

    def restore_backup(self, path: Path, origin: Origin) -> Revision:
        """Replace the configuration, the history and the accounts of this hub with those in a backup.

        Return the revision that records the restore.
        """
        return restore_backup(path, origin)

    def is_configured(self, config: RuntimeConfig) -> bool:
        """Return whether ``config`` is the configuration of a claimed hub."""
        return is_configured(config)

    def token_file(self) -> Path:
        """Return the path of the token file in the instance directory."""
        return settings.INSTANCE.token_file

    def open_places(self) -> Collection[str]:
        """Return ``("unlock",)`` while the secrets are locked. Otherwise return an empty tuple."""
        return ("unlock",) if install_keyring.seems_locked() else ()

    def count_wrong_token(self, request: HttpRequest) -> str | None:
        """Count a wrong setup token from this client.

        Return a message if the client has sent too many wrong tokens. Otherwise return ``None``.
        """
        return throttle.too_many(request) if throttle.count_wrong_token(request) else None

    def bootstrap(self) -> None:
        """Create the database, migrate it and import ``.env``. Skip the steps that are done already."""
        from hub.bootstrap import bootstrap_application

        bootstrap_application()

    def check_database(self) -> None:
        """Raise ``ConfigError`` if the database is missing, unreadable or not set up for this version."""
        path = Path(connection.settings_dict["NAME"])
        if connection.vendor == "sqlite" and not path.exists():  # connecting would create the file
            raise DatabaseUnavailable(f"{path} is missing", "restore a backup, or restart the hub")
        migration.applied_migrations()  # raises if the file is not a database
        if migration.pending() or store.read().revision == 0:
            raise DatabaseUnavailable("the tables are not set up for this version", "run manage.py bootstrap")

    def origin(self, config: RuntimeConfig) -> str:
        """Return the public URL, or the origin of the listener if there is no public URL."""
        return addresses.origin(config)

    def stranger_at_address(self, config: RuntimeConfig) -> str:
        """Return a warning if this hub does not run, but another program listens at its address."""
        return stranger_at_address(config)

    def unavailable(self, request: HttpRequest, error: ConfigError) -> HttpResponse:
        """Return a response with status 503 that says what is wrong and how to fix it."""
        return errors.unavailable(request, error)

    def suggest(self, request: HttpRequest, answers: Answers) -> Mapping[str, Any]:
        """Return a dict that maps the wizard's fields to suggested values.

        The suggestions come from the configuration, the import, the draft, the listener and the request.
        """
        config: RuntimeConfig = answers.config
        imported = answers.draft.imported
        owner = imported.get("local_admin_email") or config.local_admin_email
        owner = owner or next(iter(imported.get("super_admin_emails", config.super_admin_emails)), "")
        listed = dict.fromkeys([answers.draft.email, *config.super_admin_emails])
        return {
            "app_mode": WORKOS if config.workos_api_key is not None else LOCAL,
            "email": owner,
            "super_admin_emails": tuple(filter(None, listed)),
            **listener_in_use(),
            **suggested_public_url(request, config),
        }

    def objections(self, step: Step, values: Mapping[str, Any], answers: Answers) -> Mapping[str, str]:
        """Return a dict that maps keys of settings to error messages.

        There is an error if this machine cannot listen on the entered address, or if the list of super admins
        does not contain the administrator.
        """
        if values.keys() >= LISTENER:
            return listener_refusals(values, answers.config)
        email = answers.draft.email
        if email and email not in values.get("super_admin_emails", (email,)):
            return {"super_admin_emails": f"expected {email} in the list: this account claims the hub"}
        return {}

    def cautions(self, request: HttpRequest, after: RuntimeConfig) -> Iterable[Problem]:
        """Return what may cut people off, or need attention, after the claim."""
        return cautions(request, after)

    def heritable(self, steps: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Return ``steps`` without the super admins. The next holder must enter the super admins again."""
        kept: dict[str, dict[str, str]] = {}
        for name, texts in steps.items():
            kept[name] = {key: text for key, text in texts.items() if key != "super_admin_emails"}
        return kept

    def revise(
        self, before: Mapping[str, Mapping[str, str]], after: dict[str, dict[str, str]]
    ) -> dict[str, dict[str, str]]:
        """Return ``after``, the steps to save in the draft.

        If the administrator's address has changed, replace the old address in the list of super admins.
        """
        old, new = (steps.get(ACCOUNT, {}).get("email", "") for steps in (before, after))
        listed = after.get("security", {}).get("super_admin_emails", "").split(",")
        if old and old != new and old in listed:
            followed = dict.fromkeys(new if email == old else email for email in listed)
            after["security"]["super_admin_emails"] = ",".join(followed)
        return after

    def entrance(self, request: HttpRequest) -> str:
        """Return the URL of the wizard's first page.

        If the browser comes back from AuthKit, return the URL of the page that completes the claim.
        """
        if request.path_info == reverse("callback"):
            return f"{reverse('setup:proof')}?{request.META.get('QUERY_STRING', '')}"
        return super().entrance(request)

    def references(self, step: Step, request: HttpRequest) -> list[dict[str, str]]:
        """If ``step`` asks for the WorkOS credentials, return the URLs to register at WorkOS.

        For other steps, return an empty list.
        """
        if step.name != "credentials":
            return []
        from hub.workos.round_trip import to_register

        return to_register(request, public_url())

    def finish_label(self, mode: str) -> str:
        """Return the label of the button that claims the hub."""
        return "Sign in with WorkOS to finish" if mode == WORKOS else super().finish_label(mode)

    def prove(self, request: HttpRequest, application: Application) -> HttpResponse:
        """Return a response that sends the browser to AuthKit, with the credentials from the wizard.

        If the sign-in cannot begin, or if AuthKit would send the browser back to another origin, return a
        page that says why.
        """
        from hub.workos.claiming import prove

        return prove(request, application)

    def conclude(
        self, request: HttpRequest, application: Application, commit: Callable[[str], object]
    ) -> HttpResponse | None:
        """Claim the hub, sign in the super admin who comes back from AuthKit, and return ``None``.

        If the sign-in failed, change nothing and return a page that says why.
        """
        from hub.workos.claiming import conclude

        return conclude(request, application, commit)

    def prepare_claim(self, application: Application) -> None:
        """End every session and remove all admin rights.

        In mode ``workos``, activate the accounts of the listed super admins. Leave out accounts without a
        WorkOS user ID.
        """
        from hub.people.revocation import revoke_rights

        revoke_rights()
        if application.mode == WORKOS:
            listed = application.changes.get("super_admin_emails", ())
            User.objects.filter(email__in=listed).exclude(workos_user_id=None).update(is_active=True)

    def make_administrator(self, administrator: Administrator) -> User:
        """Create the administrator's account, or activate it again if it exists. Return the account."""
        from hub.people.accounts import make_administrator

        return make_administrator(administrator.email, administrator.name, administrator.password)

    def claim_changes(self, application: Application, config: RuntimeConfig) -> dict[str, Any]:
        """Return a dict that maps keys of settings to the values that the claim sets."""
        return claims.changes(application, config)

    def is_same_claim(self, application: Application, config: RuntimeConfig) -> bool:
        """Return whether ``application`` has the same mode and owner as ``config``."""
        return claims.is_same(application, config)

    def configuration_url(self) -> str:
        """Return the URL of the configuration editor."""
        return reverse("admin:config_app_systemconfig_changelist")

    def address_afterwards(self, request: HttpRequest) -> str:
        """Return the listener's new origin. If this request already arrived at that origin, return ""."""
        config = runtime.current()
        if arrival.arrived_under(request, config, LISTENER):
            return ""
        # A reverse proxy may not know the new port yet, so do not use the public URL.
        return arrival.address_under(request, dataclasses.replace(config, public_url=""))

    def notes(self) -> list[dict[str, str]]:
        """Return two reminders: what to back up, and what to do if you cannot sign in any more."""
        instance = settings.INSTANCE
        key = "the key in HUB_ENCRYPTION_KEY" if instance.encryption_key else str(instance.key_file)
        return [
            {
                "title": "Back up two things",
                "text": f"The database ({instance.database_label}) and {key}. "
                "On another machine, you also need the recovery code to read the secrets.",
            },
            {
                "title": "If you ever lock yourself out",
                "text": "You can also see and change every setting from a terminal on the server.",
                "command": "./manage.py config show",
            },
        ]
