"""The test of the connection to WorkOS.

The credentials to test can be the stored credentials, or credentials that are entered but not saved yet. The
result consists of the sentences below. The result contains no part of WorkOS's answers.
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
LIMITED_KEY = "WorkOS knows the API key, but the key has no right to read organizations."
UNKNOWN_CLIENT = "WorkOS does not know this client ID."
NO_AUTHKIT = "No AuthKit answers at this domain."
UNREGISTERED = "This redirect URI is not registered at WorkOS yet: {uri}"
UNREACHABLE = "WorkOS cannot be reached from this machine within 5 seconds."
BUSY = "WorkOS is answering too many requests now. Try again in a minute."
UNUSUAL = "WorkOS answered in an unexpected way. Try again, and look at status.workos.com."
FORBIDDEN, TOO_MANY = 403, 429
BUDGET = 5.0
"""The time limit for all calls of one test together, in seconds."""


def check_connection(credentials: Credentials, redirect_uri: str) -> tuple[bool, str]:
    """Test the credentials and the redirect URI with calls to WorkOS.

    Return a pair. The first value is true if the test found no problem. The second value is a message for
    the operator.
    """
    client = Client(credentials, BUDGET)  # not in the cache, where it could replace a client that is in use
    findings: list[str] = []
    try:
        findings.extend(_findings(client, redirect_uri))  # keeps the findings from before an error
    except Unreachable:
        findings.append(UNREACHABLE)
    except Unavailable as trouble:
        findings.append(BUSY if trouble.status == TOO_MANY else UNUSUAL)
    finally:
        client.transport.close()
    return not findings, " ".join(findings) or WORKS


def _findings(client: Client, redirect_uri: str) -> Iterator[str]:
    """Yield one of the sentences above for each problem that the test finds."""
    # Test the AuthKit domain last, because a domain that does not answer uses up the rest of the time.
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
        raise Unavailable("WorkOS's list of organizations cannot be parsed")
    return ""


def _problem_of_client_id(client: Client) -> str:
    try:
        client.keys.check()
    except CredentialsRefused:
        return UNKNOWN_CLIENT
    return ""


def _has_authkit(client: Client) -> bool:
    """Return whether AuthKit answers at the configured domain (OpenID Discovery, section 4).

    If no domain is configured, return true.
    """
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
    """Return whether the URI is registered at WorkOS.

    If the API key has no right to list the registered URIs, return true.
    """
    try:
        registered = client.get("user_management", "redirect_uris", limit=100).get("data")
    except (CredentialsRefused, Rejected):
        return True
    known = [str(entry.get("uri")) for entry in registered or [] if isinstance(entry, dict)]
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), uri) for pattern in known)
