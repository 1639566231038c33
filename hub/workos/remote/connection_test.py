"""The connection test: what WorkOS says to credentials that are in force, or are about to be (W1).

Coarse on purpose: each finding is one of the sentences below, and nothing of WorkOS's answers is in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from hub.workos.remote.client import Client
from hub.workos.remote.credentials import Credentials
from hub.workos.remote.errors import CredentialsRefused, Rejected, Unavailable, Unreachable

WORKS = "WorkOS accepts the API key and knows the client."
UNKNOWN_KEY = "WorkOS does not know this API key."
LIMITED_KEY = "WorkOS knows the API key, but it may not read organizations."
UNKNOWN_CLIENT = "WorkOS does not know this client ID."
NO_AUTHKIT = "No AuthKit answers at this domain."
UNREGISTERED = "This redirect URI is not registered at WorkOS yet: {uri}"
UNREACHABLE = "WorkOS cannot be reached from this machine within 5 seconds."
BUSY = "WorkOS is answering too many requests now. Try again in a minute."
UNUSUAL = "WorkOS answered in an unexpected way. Try again, and look at status.workos.com."
FORBIDDEN, TOO_MANY = 403, 429
BUDGET = 5.0
"""Seconds that the whole test may take, however many calls it makes."""


def check_connection(credentials: Credentials, redirect_uri: str) -> tuple[bool, str]:
    """Ask WorkOS about the credentials and return whether all is well, and what is not."""
    client = Client(credentials, BUDGET)  # of its own, so as not to push those in force out of the cache
    findings: list[str] = []
    try:
        findings.extend(_findings(client, redirect_uri))  # those before an interruption count too
    except Unreachable:
        findings.append(UNREACHABLE)
    except Unavailable as trouble:
        findings.append(BUSY if trouble.status == TOO_MANY else UNUSUAL)
    finally:
        client.transport.close()
    return not findings, " ".join(findings) or WORKS


def _findings(client: Client, redirect_uri: str) -> Iterator[str]:
    """Yield what is wrong; the operator's own domain comes last, so that it costs nobody else the time."""
    if problem := _problem_of_key(client):
        yield problem
        return
    if problem := _problem_of_client_id(client):
        yield problem
    if not _may_redirect_to(client, redirect_uri):
        yield UNREGISTERED.format(uri=redirect_uri)
    if not _has_authkit(client):
        yield NO_AUTHKIT


def _problem_of_key(client: Client) -> str:
    try:
        answer = client.get("organizations", limit=1)
    except CredentialsRefused as refusal:
        return LIMITED_KEY if refusal.status == FORBIDDEN else UNKNOWN_KEY
    except Rejected:
        return UNKNOWN_KEY
    if not isinstance(answer.get("data"), list):
        raise Unavailable("the list of organizations is none")
    return ""


def _problem_of_client_id(client: Client) -> str:
    try:
        client.keys.check()
    except CredentialsRefused:
        return UNKNOWN_CLIENT
    return ""


def _has_authkit(client: Client) -> bool:
    """Tell whether the domain, where one is configured, answers as AuthKit does (OpenID Discovery, 4)."""
    from workos import TransportError

    domain = client.credentials.authkit_domain
    if domain is None:
        return True
    try:
        answer = client.transport.request("GET", f"{domain}/.well-known/openid-configuration")
        found = json.loads(answer.content)
    except (TransportError, ValueError):
        return False
    return isinstance(found, dict) and bool(found.get("issuer"))


def _may_redirect_to(client: Client, uri: str) -> bool:
    """Tell whether the URI is registered, or that cannot be seen with this key."""
    try:
        registered = client.get("user_management", "redirect_uris", limit=100).get("data")
    except (CredentialsRefused, Rejected):
        return True
    known = [str(entry.get("uri")) for entry in registered or [] if isinstance(entry, dict)]
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), uri) for pattern in known)
