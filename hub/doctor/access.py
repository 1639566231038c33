"""Check whether a super admin can sign in, even while WorkOS is down."""

from __future__ import annotations

from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from hub.models import User
from hub.people.accounts import has_local_administrator
from hub.runtime_config import LOCAL, WORKOS, RuntimeConfig, is_configured
from hub.workos.remote.credentials import credentials_in
from hub.workos.remote.errors import CredentialsRefused

CHANGE_PASSWORD = "run manage.py changepassword ADDRESS with an address in super_admin_emails"  # noqa: S105 - a fix


def sign_in(overview: Overview) -> Finding:
    """Check that at least one super admin can sign in."""
    config: RuntimeConfig = overview.config
    if not is_configured(config):
        return Finding("no one can sign in: this hub is not claimed")
    able = _administrators(config)
    text = f"mode {config.app_mode}, {able} of {len(config.super_admin_emails)} super admins can sign in"
    return Finding(text, () if able else (_no_super_admin(config),))


def _administrators(config: RuntimeConfig) -> int:
    """Return the number of super admins who can sign in now, in the current ``app_mode``."""
    if config.app_mode == LOCAL:
        return sum(has_local_administrator([email]) for email in config.super_admin_emails)
    people = User.objects.filter(email__in=config.super_admin_emails, is_active=True)
    return sum(user.workos_user_id is not None and user.email_verified for user in people)


def _no_super_admin(config: RuntimeConfig) -> Problem:
    if config.app_mode == LOCAL:
        message, fix = "no super admin has an active account with a password", CHANGE_PASSWORD
    else:
        message = "no super admin has signed in through WorkOS yet"
        fix = "sign in with an address in super_admin_emails, or run manage.py config set app_mode local"
    keys = ("super_admin_emails",)
    severity = "error" if config.app_mode == LOCAL else "warning"
    return Problem(code="no_administrator", message=message, fix=fix, keys=keys, severity=severity)


def local_administrator(overview: Overview) -> Finding:
    """Check that the account in ``local_admin_email`` is active. This account claimed the hub.

    Also report whether a super admin has a password. While WorkOS is down, people need a password to sign in.
    """
    config: RuntimeConfig = overview.config
    has_password = has_local_administrator(config.super_admin_emails)
    way_in = "a super admin has a password" if has_password else "no super admin has a password"
    email = config.local_admin_email
    if email is None or User.objects.filter(email=email, is_active=True).exists():
        return Finding(f"{way_in}{_consequence(config, has_password=has_password)}")
    gone = Problem(
        code="local_admin_gone",
        message="local_admin_email names no active account",
        fix="run manage.py config set local_admin_email ADDRESS, or activate that account",
        keys=("local_admin_email",),
    )
    return Finding(way_in, (gone,))


def _consequence(config: RuntimeConfig, *, has_password: bool) -> str:
    is_workos = config.app_mode == WORKOS and not has_password
    return ": no one can sign in while WorkOS is down" if is_workos else ""


def workos(overview: Overview) -> Finding:
    """Check that the credentials for WorkOS are set and well-formed. Send no request to WorkOS."""
    config: RuntimeConfig = overview.config
    if config.app_mode != WORKOS:
        return Finding("not in use")
    try:
        credentials_in(config)
    except CredentialsRefused as refusal:
        missing = Problem(
            code="workos_credentials",
            message=f"{refusal}",
            fix="run manage.py config set workos_client_id ID, and the same for workos_api_key with --stdin",
            keys=("workos_client_id", "workos_api_key"),
            severity="error",
        )
        return Finding("no one can sign in", (missing,))
    return Finding("the credentials are set and well-formed; the page /auth/workos can test them at WorkOS")
