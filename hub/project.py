"""The hub's implementation of ``Project``. ``config_app`` calls the code of the hub through this class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings

from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker, Unlocker
from config_app.errors import RuleViolation
from config_app.problems import Problem
from config_app.project import ProcessVariable, Project, Words
from hub.environment.shell_command import database_address
from hub.runtime_config import UNCONFIGURED, WORKOS, RuntimeConfig, is_configured, schema

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from config_app.problems import Check, Look
    from hub.models import User


WORDS = Words(
    state="Bootstrap State",
    prepare="manage.py bootstrap",
    verbs={"reset": "clear secrets, end sessions, revoke admin rights and open the setup wizard"},
    reset_question="Clear every secret, end every session, take all admin rights away and restart setup?",
    channels=("wizard", "bootstrap", "env", "restore"),
)


class HubProject(Project):
    """The hub as a project of ``config_app``."""

    schema = schema

    @property
    def words(self) -> Words:  # type: ignore[override]  # the address depends on the process environment
        """Return the hub's own texts."""
        return dataclasses.replace(WORDS, database_address=database_address())

    def state(self, config: RuntimeConfig) -> str:
        """Return ``configured`` or ``unconfigured``."""
        return "configured" if is_configured(config) else UNCONFIGURED

    def mode(self, config: RuntimeConfig) -> str:
        """Return the mode in ``config``, such as ``local``."""
        return config.app_mode

    def lacking(self) -> Problem | None:
        """Return a problem if the database is missing or empty. Otherwise return ``None``."""
        from hub.start.diagnosis import lacking

        return lacking()

    def process_variables(self) -> Iterable[ProcessVariable]:
        """Return the environment variables that say where the database, the key and the files are."""
        from hub.environment.variables import VARIABLES

        return VARIABLES

    def unlockers(self) -> Iterable[Unlocker]:
        """Yield an unlocker with the shared key, an unlocker with this machine's key file, or both."""
        instance = settings.INSTANCE
        if instance.encryption_key is not None:
            yield SharedUnlocker(instance.encryption_key)
        # A later start may have no shared key, so the first start always lets this machine unlock too.
        if instance.encryption_key is None or instance.first_start or instance.key_file.exists():
            yield MachineUnlocker(instance.key_file)

    def facts_without_database(self) -> Iterable[Look]:
        """Return the checks of the hub's files."""
        from hub import doctor

        return doctor.facts_without_database()

    def facts(self) -> Iterable[Check]:
        """Return the checks of the schema, the journal, the setup, the sign-in and the network."""
        from hub import doctor

        return doctor.facts()

    def drift(self, config: RuntimeConfig) -> list[Problem]:
        """Return a problem for each environment variable that is unknown, invalid or unlike ``config``."""
        from hub.environment.env_import import drift

        return drift(config)

    def problems(self, config: RuntimeConfig) -> list[Problem]:
        """Return the problems with a newer schema and, in mode ``workos``, with the sign-in."""
        from hub.database.migration import newer_schema
        from hub.workos.problems import problems

        return [*newer_schema(), *(problems(config) if config.app_mode == WORKOS else [])]

    def findings(self, config: RuntimeConfig) -> list[Problem]:
        """Return the findings about ``config``: about https, proxies, and super admins who cannot sign in."""
        from hub.findings import findings

        return findings(config)

    def may_change(self, user: User, setting: Setting) -> bool:
        """Return whether ``user`` may change ``setting``. Only super admins may change sensitive settings."""
        return user.is_superuser or not setting.is_sensitive

    def has_proved(self, request: HttpRequest) -> bool:
        """Return whether the sender of ``request`` has recently signed in or proved their identity."""
        from hub.auth import proof

        return proof.is_recent(request.session)

    def where_to_prove(self, request: HttpRequest) -> str:
        """Return the URL at which WorkOS asks for the person's credentials again.

        If the person did not sign in at WorkOS, return ``""``.
        """
        from hub.auth import session_origin
        from hub.workos import sign_in

        return sign_in.proof_url() if session_origin.is_at_workos(request) else ""

    def prove(self, request: HttpRequest, password: Secret) -> None:
        """Check the password and record a proof. If the password is refused, raise ``NotProved``."""
        from hub.auth import proof

        proof.prove(request, password)

    def arrived_under(self, request: HttpRequest, config: RuntimeConfig, keys: Collection[str]) -> bool:
        """Return whether ``request`` arrived at the address that ``config`` describes.

        Compare only the settings in ``keys``.
        """
        from hub.network import arrival

        return arrival.arrived_under(request, config, keys)

    def address_under(self, request: HttpRequest, config: RuntimeConfig) -> str:
        """Return the origin at which the sender of ``request`` would reach the hub if ``config`` applied."""
        from hub.network import arrival

        return arrival.address_under(request, config)

    def let_connect(self, response: HttpResponse, origin: str) -> None:
        """Change the Content Security Policy of ``response`` so that scripts can connect to ``origin``."""
        # django-csp writes the header from this attribute.
        response._csp_update = {"connect-src": [origin]}  # type: ignore[attr-defined]  # noqa: SLF001

    def objections(self, before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
        """Check the rules that need the accounts or this machine's addresses. Yield each violation."""
        from hub.people import guards
        from hub.serving.listener_guard import listener_can_be_had

        yield from guards.local_mode_needs_an_administrator(before, after)
        yield from listener_can_be_had(before, after)

    def lockouts(self, before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
        """Yield a violation if the new list of super admins lets no one sign in."""
        from hub.people import guards

        return guards.super_admins_can_sign_in(before, after)

    def command_prefix(self) -> str:
        """Return the first part of a command of this hub: the user, the variables and the paths."""
        from hub.environment.shell_command import command_prefix

        return command_prefix(settings.INSTANCE)

    def reset_changes(self) -> dict[str, Any]:
        """Return the changes that make the hub unclaimed. The dict maps keys of settings to new values."""
        from config_app.encryption.install_keyring import is_locked
        from hub.start.generated import cookie_password

        # A locked keyring cannot encrypt a new secret, but a reset must work all the same.
        password = UNSET if is_locked() else cookie_password()
        claim = dict.fromkeys(("app_mode", "setup_completed"), UNSET)
        # No step of the wizard asks for these. Left over, they would let people of the former owner in.
        admission = dict.fromkeys(("workos_organization_id", "workos_staff_role"), UNSET)
        return {**claim, **admission, "workos_cookie_password": password}

    def after_reset(self) -> str:
        """Return the message that says how to claim the hub again."""
        return "The setup wizard is open again; manage.py setup_token prints the link."

    def generated_secrets(self) -> Mapping[str, Any]:
        """Return a dict with a new value for the setting ``workos_cookie_password``."""
        from hub.start.generated import cookie_password

        return {"workos_cookie_password": cookie_password()}

    def renew_other_secrets(self, renew: Callable[[str, str], str | None]) -> None:
        """In the wizard's draft, replace each ciphertext with ``renew(purpose, ciphertext)``.

        If ``renew`` returns ``None``, drop the secret.
        """
        from setup_wizard.claiming import draft

        draft.renew_secrets(renew)

    def remove_outdated(self) -> None:
        """Remove outdated sessions, failed sign-ins, webhook calls, setup tokens and drafts."""
        from hub.housekeeping import remove_outdated

        remove_outdated()

    def revoke_access(self) -> None:
        """End all sessions, remove all admin rights and open the wizard with a new token."""
        from hub.people.revocation import revoke_access

        revoke_access()
