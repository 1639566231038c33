"""What the engine asks of the hub."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings

from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.encryption.keyring import MachineUnlocker, SharedUnlocker, Unlocker
from config_app.errors import RuleViolation
from config_app.problems import Problem
from config_app.project import ProcessVariable, Project, Words
from hub.runtime_config import UNCONFIGURED, WORKOS, RuntimeConfig, is_configured, schema

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from config_app.problems import Check, Look
    from hub.models import User


class HubProject(Project):
    """The hub, as ``config_app`` sees it."""

    schema = schema
    words = Words(
        state="Bootstrap State",
        prepare="manage.py bootstrap",
        verbs={"reset": "return to unconfigured: secrets cleared, access revoked"},
        reset_question="Clear every secret, end every session, take all admin rights away and set up anew?",
        channels=("wizard", "bootstrap", "env"),
    )

    def state(self, config: RuntimeConfig) -> str:
        """Return ``configured`` or ``unconfigured``."""
        return "configured" if is_configured(config) else UNCONFIGURED

    def mode(self, config: RuntimeConfig) -> str:
        """Return the mode in which people sign in."""
        return config.app_mode

    def lacking(self) -> Problem | None:
        """Return what an install that was never started lacks."""
        from hub.start.diagnosis import lacking

        return lacking()

    def process_variables(self) -> Iterable[ProcessVariable]:
        """Return the variables that say where the database and the key are."""
        from hub.environment.variables import VARIABLES

        return VARIABLES

    def unlockers(self) -> Iterable[Unlocker]:
        """Return the shared key where there is one, and this machine's where a later start may need it."""
        instance = settings.INSTANCE
        if instance.encryption_key is not None:
            yield SharedUnlocker(instance.encryption_key)
        if instance.encryption_key is None or instance.first_start or instance.key_file.exists():
            yield MachineUnlocker(instance.key_file)

    def facts_without_database(self) -> Iterable[Look]:
        """Return the checks of the hub's files."""
        from hub import doctor

        return doctor.facts_without_database()

    def facts(self) -> Iterable[Check]:
        """Return the checks of schema, journal, setup, sign-in and network."""
        from hub import doctor

        return doctor.facts()

    def drift(self, config: RuntimeConfig) -> list[Problem]:
        """Return the environment variables that are set and differ."""
        from hub.environment.env_import import drift

        return drift(config)

    def problems(self, config: RuntimeConfig) -> list[Problem]:
        """Return what the hub itself has to report."""
        from hub.workos.problems import problems

        return problems(config) if config.app_mode == WORKOS else []

    def may_change(self, user: User, setting: Setting) -> bool:
        """Leave to super admins what decides who administers, how people get in and whom the hub trusts."""
        return user.is_superuser or not setting.is_sensitive

    def has_proved(self, request: HttpRequest) -> bool:
        """Look at when the sign-in was, or the proof since."""
        from hub.auth import proof

        return proof.is_recent(request.session)

    def where_to_prove(self, request: HttpRequest) -> str:
        """Return where WorkOS asks for the credentials again; in local mode the password does."""
        from hub.auth import session_origin
        from hub.workos import sign_in

        return sign_in.proof_url() if session_origin.is_at_workos(request) else ""

    def prove(self, request: HttpRequest, password: Secret) -> None:
        """Check the password, as often as the throttle allows."""
        from hub.auth import proof

        proof.prove(request, password)

    def arrived_under(self, request: HttpRequest, config: RuntimeConfig, keys: Collection[str]) -> bool:
        """Look at listener, host and scheme, where a change of those is to be confirmed."""
        from hub.network import arrival

        return arrival.arrived_under(request, config, keys)

    def address_under(self, request: HttpRequest, config: RuntimeConfig) -> str:
        """Return the public URL, or where the listener is for whoever asks."""
        from hub.network import arrival

        return arrival.address_under(request, config)

    def let_connect(self, response: HttpResponse, origin: str) -> None:
        """Add the origin to the page's Content Security Policy, which django-csp writes."""
        response._csp_update = {"connect-src": [origin]}  # type: ignore[attr-defined]  # noqa: SLF001

    def objections(self, before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
        """Return what the accounts and this machine's ports have against a change."""
        from hub.people import guards
        from hub.serving.listener_guard import listener_can_be_had

        yield from guards.local_mode_needs_an_administrator(before, after)
        yield from guards.super_admins_can_sign_in(before, after)
        yield from listener_can_be_had(before, after)

    def reset_changes(self) -> dict[str, Any]:
        """Return what a reset sets beyond clearing secrets: unclaimed, with a new cookie password.

        A locked keyring can hold no new secret, and must not keep anybody from setting up anew.
        """
        from config_app.encryption.install_keyring import is_locked
        from hub.start.generated import cookie_password

        password = UNSET if is_locked() else cookie_password()
        return {"app_mode": UNSET, "setup_completed": UNSET, "workos_cookie_password": password}

    def after_reset(self) -> str:
        """Return how to claim the hub again."""
        return "The setup wizard is open again; manage.py setup_token prints the link."

    def revoke_access(self) -> None:
        """End every session, take all admin rights away and open the wizard with a new token."""
        from hub.people.revocation import revoke_access

        revoke_access()
