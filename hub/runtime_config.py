"""Declare all settings of the hub. Each setting is declared in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import cast

from config_app import fields
from config_app.declaration.schema import Schema
from config_app.declaration.secret import Secret
from config_app.declaration.setting import Editable, Section, TakesEffect, removes_entries, setting
from config_app.live import runtime
from hub.configuration import rules
from hub.configuration.fields import (
    ApiKeyField,
    ClientIdField,
    InstallIdField,
    OrganizationIdField,
    RoleField,
)
from hub.configuration.summaries import count, plain, prefix, whether

LEVEL_SYNONYMS = {
    "trace": "debug",
    "10": "debug",
    "20": "info",
    "warn": "warning",
    "30": "warning",
    "err": "error",
    "40": "error",
    "crit": "critical",
    "fatal": "critical",
    "50": "critical",
}
"""Maps the log levels of other programs, and the numbers of Python's ``logging``, to the hub's log levels."""
UNCONFIGURED, LOCAL, WORKOS = "unconfigured", "local", "workos"

SETUP = Section(key="setup", title="Setup", description="How this hub was claimed and how people sign in.")
NETWORK = Section(
    key="network", title="Network", description="Where the hub listens and how people reach it."
)
SECURITY = Section(
    key="security", title="Security", description="Who administers the hub and which scripts may call it."
)
WORKOS_SECTION = Section(
    key="workos", title="WorkOS", description="Credentials for signing in through AuthKit."
)
SERVER = Section(key="server", title="Server", description="The processes that serve, and what they log.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig:
    """The values of all settings of the hub."""

    # A setting is sensitive if it would let a person who is not a super admin become one or act as one.

    app_mode: str = setting(
        UNCONFIGURED,
        section=SETUP,
        label="App Mode",
        can_lock_out=True,
        sensitive=True,
        field=fields.ChoiceField([UNCONFIGURED, LOCAL, WORKOS]),
        editable=Editable.SHELL,
        summary=plain,
        help="How people sign in: local (e-mail and password) or workos (AuthKit). "
        "The setup wizard sets the mode. If WorkOS is down, set the mode to local from a shell, so that you "
        "can sign in again.",
    )
    setup_completed: bool = setting(
        False,
        section=SETUP,
        label="Setup Completed",
        field=fields.BooleanField(),
        editable=Editable.MANAGED,
        help="Whether this hub has been claimed.",
    )
    host: str = setting(
        "127.0.0.1",
        key="bind_address",
        section=NETWORK,
        machine_specific=True,
        label="Bind Address",
        can_lock_out=True,
        field=fields.HostField(),
        imported_from=("HUB_HOST",),
        takes_effect=TakesEffect.LISTENERS,
        summary=plain,
        help="IP address or host name that the hub listens on: 127.0.0.1 for this machine only, "
        "0.0.0.0 for all networks of this machine.",
    )
    port: int = setting(
        8884,
        section=NETWORK,
        label="Port",
        machine_specific=True,
        can_lock_out=True,
        field=fields.PortField(),
        imported_from=("HUB_PORT",),
        takes_effect=TakesEffect.LISTENERS,
        summary=plain,
        help="TCP port that the hub listens on.",
    )
    install_id: str = setting(
        "",
        section=SERVER,
        label="Install ID",
        machine_specific=True,
        field=InstallIdField(required=False, empty_value=""),
        editable=Editable.MANAGED,
        help="The names of the hub's cookies end with this ID, so that several hubs on one host name do not "
        "replace each other's cookies. The hub generates the ID.",
    )
    database_path: str = setting(
        "",
        section=SERVER,
        label="Database Path",
        machine_specific=True,
        field=fields.TextField(required=False, empty_value=""),
        imported_from=("HUB_DATABASE_PATH",),
        editable=Editable.MANAGED,
        summary=plain,
        help="Where the database is. To move the database, stop the hub, move the file and set "
        "HUB_DATABASE_PATH or HUB_DATABASE_URL in the process environment.",
    )
    public_url: str = setting(
        "",
        section=NETWORK,
        label="Public URL",
        can_lock_out=True,
        sensitive=True,
        field=fields.OriginField(),
        imported_from=("HUB_PUBLIC_URL",),
        help="Address that people open in the browser, such as https://hub.example.com. "
        "Include the port if the address bar shows one. "
        "Leave this empty if people open the bind address instead.",
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        section=NETWORK,
        label="Allowed Hosts",
        can_lock_out=removes_entries,
        sensitive=True,
        field=fields.HostListField(),
        imported_from=("HUB_ALLOWED_HOSTS",),
        help="Additional host names of the hub. The host of the public URL, this machine's own "
        "names and the bind address are always included.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        (),
        section=NETWORK,
        label="Trusted Proxies",
        can_lock_out=True,
        sensitive=True,
        field=fields.CidrListField(),
        imported_from=("HUB_TRUSTED_PROXIES",),
        help="Networks of your reverse proxies. The hub uses X-Forwarded-For and X-Forwarded-Proto headers "
        "only if they come from these networks.",
    )
    allowed_origins: tuple[str, ...] = setting(
        (),
        section=SECURITY,
        label="Allowed Origins",
        sensitive=True,
        field=fields.OriginListField(),
        imported_from=("HUB_ALLOWED_ORIGINS",),
        help="Origins whose scripts may call the API (CORS): an exact list, or * for all. "
        "With *, browsers send no cookies.",
    )
    enable_hsts: bool = setting(
        False,
        section=SECURITY,
        label="Enable HSTS",
        field=fields.BooleanField(),
        imported_from=("HUB_ENABLE_HSTS",),
        help="Tell browsers to use only https, for a year. Turn this on when https works reliably.",
    )
    csp_report_uri: str | None = setting(
        None,
        section=SECURITY,
        label="CSP Report URI",
        field=fields.UrlField(),
        imported_from=("HUB_CSP_REPORT_URI",),
        help="URL to which browsers report violations of the Content Security Policy.",
    )
    super_admin_emails: tuple[str, ...] = setting(
        (),
        section=SECURITY,
        label="Super Admins",
        can_lock_out=removes_entries,
        sensitive=True,
        field=fields.EmailListField(),
        imported_from=("SUPER_ADMIN_EMAILS", "WORKOS_SUPER_ADMIN_EMAILS"),
        summary=count,
        help="E-mail addresses of the people who may change everything. "
        "A change takes effect on their next request.",
    )
    workos_client_id: str | None = setting(
        None,
        section=WORKOS_SECTION,
        label="WorkOS Client ID",
        sensitive=True,
        field=ClientIdField(required=False),
        imported_from=("WORKOS_CLIENT_ID",),
        summary=prefix("client_"),
        help="Client ID of the WorkOS environment, from the WorkOS dashboard under API Keys.",
    )
    workos_api_key: Secret | None = setting(
        None,
        section=WORKOS_SECTION,
        label="WorkOS API Key",
        field=ApiKeyField(),
        imported_from=("WORKOS_API_KEY",),
        summary=whether,
        help="Secret key of the WorkOS environment, from the WorkOS dashboard under API Keys.",
    )
    workos_authkit_domain: str | None = setting(
        None,
        section=WORKOS_SECTION,
        label="WorkOS AuthKit Domain",
        sensitive=True,
        field=fields.HttpsOriginField(),
        imported_from=("WORKOS_AUTHKIT_DOMAIN",),
        help="Address of AuthKit, the sign-in page of WorkOS, such as https://example.authkit.app.",
    )
    workos_cookie_password: Secret | None = setting(
        None,
        section=WORKOS_SECTION,
        label="WorkOS Cookie Password",
        field=fields.FernetKeyField(),
        imported_from=("WORKOS_COOKIE_PASSWORD",),
        help="Fernet key that encrypts the stored WorkOS sessions. The hub generates it at the first start.",
    )
    workos_organization_id: str | None = setting(
        None,
        section=WORKOS_SECTION,
        label="WorkOS Organization",
        sensitive=True,
        field=OrganizationIdField(required=False),
        help="ID of the WorkOS organization whose members can sign in, such as org_01H…. "
        "If this is empty, all users of the WorkOS environment can sign in.",
    )
    workos_staff_role: str | None = setting(
        None,
        section=WORKOS_SECTION,
        label="WorkOS Staff Role",
        sensitive=True,
        field=RoleField(required=False),
        help="Slug of a WorkOS role. People who have this role may open the admin, where they can see and "
        "change what their permissions allow.",
    )
    local_admin_email: str | None = setting(
        None,
        section=SETUP,
        label="Local Admin Email",
        sensitive=True,
        field=fields.EmailField(required=False),
        editable=Editable.SHELL,
        help="The account that claimed this hub in local mode.",
    )
    server_workers: int = setting(
        2,
        section=SERVER,
        label="Workers",
        field=fields.IntegerRangeField(1, 64),
        imported_from=("HUB_WORKERS",),
        takes_effect=TakesEffect.WORKERS,
        help="Number of processes that serve requests.",
    )
    log_level: str = setting(
        "info",
        section=SERVER,
        label="Log Level",
        field=fields.ChoiceField(["debug", "info", "warning", "error", "critical"], synonyms=LEVEL_SYNONYMS),
        imported_from=("HUB_LOG_LEVEL",),
        help="The hub logs messages of this level and of higher levels.",
    )
    reload_webhook_secret: Secret | None = setting(
        None,
        section=SERVER,
        label="Reload Webhook Secret",
        field=fields.WebhookSecretField(),
        help="Secret with which calls to the reload webhook must be signed. If no secret is set, the hub "
        "refuses all calls.",
    )


schema = Schema(RuntimeConfig, rules=rules.RULES, guards=rules.GUARDS)

get_config = cast("Callable[[], RuntimeConfig]", runtime.get_config)
"""Return the runtime config; this is ``config_app.api.get_config`` with the return type ``RuntimeConfig``."""


def is_configured(config: RuntimeConfig) -> bool:
    """Return whether the hub is claimed."""
    # This is derived from two settings, so that it cannot contradict them.
    return config.setup_completed and config.app_mode in {LOCAL, WORKOS}
