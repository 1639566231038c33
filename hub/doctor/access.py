"""Check whether a super admin can sign in, even while WorkOS is down."""

from __future__ import annotations

from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from hub import findings
from hub.people.accounts import has_local_administrator
from hub.runtime_config import WORKOS, RuntimeConfig, is_configured
from hub.workos.remote.credentials import credentials_in
from hub.workos.remote.errors import CredentialsRefused


def sign_in(overview: Overview) -> Finding:
    """Check that at least one super admin can sign in."""
    config: RuntimeConfig = overview.config
    if not is_configured(config):
        return Finding("no one can sign in: this hub is not claimed")
    able = len(findings.able_super_admins(config))
    text = f"mode {config.app_mode}, {able} of {len(config.super_admin_emails)} super admins can sign in"
    return Finding(text, tuple(findings.super_admins(config)))


def local_administrator(overview: Overview) -> Finding:
    """Check that the account in ``local_admin_email`` is active. This account claimed the hub.

    Also report whether a super admin has a password. While WorkOS is down, people need a password to sign in.
    """
    config: RuntimeConfig = overview.config
    has_password = has_local_administrator(config.super_admin_emails)
    way_in = "a super admin has a password" if has_password else "no super admin has a password"
    if gone := tuple(findings.local_administrator(config)):
        return Finding(way_in, gone)
    return Finding(f"{way_in}{_consequence(config, has_password=has_password)}")


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
