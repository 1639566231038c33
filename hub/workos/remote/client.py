"""The client of WorkOS's API. Each process builds one client for each set of credentials."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from config_app.declaration.secret import Secret
from config_app.fields import canonical_email
from hub.workos.remote.credentials import Credentials, api_url
from hub.workos.remote.errors import (
    CredentialsRefused,
    Refused,
    Rejected,
    StepMissing,
    TokenSpent,
    Unavailable,
    Unreachable,
    WorkOSTrouble,
)
from hub.workos.remote.grants import Grant, Person

if TYPE_CHECKING:
    from workos.user_management.models import AuthenticateResponse, User

T = TypeVar("T")

KEPT = 2
"""The number of clients that the cache keeps."""
# Requests that began before a change may still use the client with the previous credentials. A client that
# leaves the cache is not closed, because it may be in use. It keeps no connection open.
ENDED = {"invalid_grant", "invalid_code", "expired_code", "invalid_code_verifier"}
"""The error codes for an authorization code or a refresh token that is unknown, expired or used."""
NOT_OURS = {"invalid_client", "invalid_client_secret", "unauthorized_client", "unauthorized"}
"""The error codes for wrong credentials. The HTTP status can be any status."""
FORBIDDEN, BUSY = {401, 403}, 429
ACTIVE = "active"
FINAL = {400, 404, 422}
"""An answer with an error code and one of these statuses means that the person or session is unknown."""

_clients: OrderedDict[Credentials, Client] = OrderedDict()
_building = threading.Lock()


class Client:
    """The part of WorkOS's API that the hub uses. Every error of a method is a ``WorkOSTrouble``."""

    def __init__(self, credentials: Credentials, budget: float | None = None) -> None:
        """Build a client for the credentials.

        ``budget`` is the time limit for all calls together, in seconds from the first call. With ``None``,
        there is no such limit.
        """
        from workos import WorkOSClient

        from hub.workos.remote.tokens import LEEWAY, KeySet
        from hub.workos.remote.transport import TIMEOUT, BoundedTransport

        self.credentials = credentials
        self.transport = BoundedTransport(budget)
        # Pass every option. If one were left out, the SDK would read it from the environment.
        self.sdk = WorkOSClient(
            api_key=credentials.api_key.reveal(),
            client_id=credentials.client_id,
            base_url=api_url(),
            request_timeout=math.ceil(TIMEOUT),  # the SDK wants whole seconds; the transport is exact
            jwt_leeway=LEEWAY,
            jwt_issuer=credentials.issuers,
            max_retries=0,  # a retry would send a one-time code twice
            http_client=self.transport,
        )
        url = self.sdk.user_management.get_jwks_url(credentials.client_id)
        self.keys = KeySet(url, self.transport)

    def authorization_url(self, redirect_uri: str, **options: Any) -> dict[str, str]:
        """Return a dict with ``url``, ``state`` and ``code_verifier`` for a new sign-in.

        ``url`` is the address to which the browser goes. ``state`` is the OAuth state in this address.
        ``code_verifier`` is the PKCE code verifier.
        """
        from workos.pkce import PKCE

        pair, state = PKCE().generate(), PKCE().generate_code_verifier()
        url = self.sdk.user_management.get_authorization_url(
            redirect_uri=redirect_uri,
            provider="authkit",
            state=state,
            code_challenge=pair.code_challenge,
            code_challenge_method="S256",
            **options,
        )
        return {"url": url, "state": state, "code_verifier": pair.code_verifier}

    def logout_url(self, sid: str, return_to: str) -> str:
        """Return the URL that ends the session ``sid``. The browser then goes to ``return_to``."""
        return self.sdk.user_management.get_logout_url(session_id=sid, return_to=return_to)

    def exchange(self, code: str, code_verifier: str, *, ip_address: str, user_agent: str) -> Grant:
        """Return the grant for an authorization code from the callback."""
        api = self.sdk.user_management
        answer = _ask(
            lambda: api.authenticate_with_code(
                code=code,
                code_verifier=code_verifier,
                ip_address=ip_address or None,
                user_agent=user_agent or None,
            )
        )
        return self._grant(answer)

    def refresh(self, refresh_token: Secret, keep: Callable[[Secret], None]) -> Grant:
        """Exchange a refresh token for a grant, and return the grant.

        WorkOS's answer contains a new refresh token. Call ``keep`` with the new token before the answer is
        verified. Raise ``TokenSpent`` if ``refresh_token`` is not valid. Raise ``Refused`` if WorkOS no
        longer knows the person.
        """
        api = self.sdk.user_management
        answer = _ask_about(lambda: api.authenticate_with_refresh_token(refresh_token=refresh_token.reveal()))
        # The old token is used up now. Save the next one first, because verifying the answer may fail.
        keep(Secret(_text(answer.refresh_token)))
        return self._grant(answer)

    def has_session(self, workos_user_id: str, sid: str) -> bool:
        """Return whether ``sid`` is the id of an active session of the person.

        Only the person's newest hundred sessions are checked, so the result for an older session is false.
        Raise ``Refused`` if WorkOS no longer knows the person.
        """
        path = ("user_management", "users", workos_user_id, "sessions")
        found = _ask_about(lambda: self.get(*path, limit=100)).get("data")
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise Unavailable("WorkOS's list of the person's sessions cannot be parsed")
        active = {entry.get("id") for entry in found if entry.get("status", ACTIVE) == ACTIVE}
        return sid in active

    def person(self, workos_user_id: str) -> Person:
        """Return the person's current data; raise ``Refused`` if WorkOS no longer knows the person."""
        return _person(_ask_about(lambda: self.sdk.user_management.get_user(workos_user_id)))

    def get(self, *path: str, **params: Any) -> dict[str, Any]:
        """Return the JSON object at ``path`` of WorkOS's API. ``params`` are the parameters of the query."""
        return _ask(lambda: self.sdk.request_raw("get", path, params=params))

    def _grant(self, answer: AuthenticateResponse) -> Grant:
        """Return the grant that an answer contains.

        Raise ``InvalidToken`` if the access token is not valid.
        """
        from hub.workos.remote.tokens import verify

        person = _person(answer.user)
        token = _text(answer.access_token)
        claims = verify(token, self.keys, self.credentials.issuers, user_id=person.workos_user_id)
        return Grant(
            person=person,
            sid=claims.sid,
            refresh_token=Secret(_text(answer.refresh_token)),
            lifetime=claims.lifetime,
            auth_age=claims.auth_age,
            is_impersonated=claims.is_impersonated or answer.impersonator is not None,
            organization_id=claims.organization_id,
            roles=claims.roles,
        )


def _ask(call: Callable[[], T]) -> T:
    """Run ``call``, which calls the SDK, and return WorkOS's answer.

    Raise ``WorkOSTrouble`` if the call fails in any way.
    """
    from workos import WorkOSError

    try:
        answer = call()
    except WorkOSError as error:
        raise _trouble(error) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The JSON has another structure than the SDK expects.
        raise Unavailable("WorkOS's answer cannot be parsed") from error
    if not answer:  # the SDK returns nothing for an empty body, and for a body that is not JSON
        raise Unavailable("WorkOS's answer is empty or not JSON")
    return answer


def _ask_about(call: Callable[[], T]) -> T:
    """Run ``call``, which asks WorkOS about a person or session, and return the answer.

    Raise ``Refused`` if WorkOS does not know the person or session.
    """
    try:
        return _ask(call)
    except Rejected as error:
        if error.status in FINAL and error.codes:
            raise Refused(str(error)) from error
        raise


def _trouble(error: Exception) -> WorkOSTrouble:
    """Return the ``WorkOSTrouble`` for an error of the SDK."""
    # Use only the codes, because the rest of the SDK's text may repeat the secret that was sent.
    status = getattr(error, "status_code", None)
    codes = {str(getattr(error, name, None)) for name in ("code", "error")} - {"None"}
    what = " ".join(filter(None, [f"HTTP {status}" if status else type(error).__name__, *sorted(codes)]))
    trouble = _kind(error, status, codes)(what)
    trouble.status, trouble.codes = status, frozenset(codes)
    return trouble


def _kind(error: Exception, status: int | None, codes: set[str]) -> type[WorkOSTrouble]:
    from workos._errors import AuthenticationFlowError, WorkOSConnectionError, WorkOSTimeoutError

    if isinstance(error, AuthenticationFlowError):
        return StepMissing
    if isinstance(error, (WorkOSConnectionError, WorkOSTimeoutError)):
        return Unreachable
    if codes & ENDED:
        return TokenSpent
    if status in FORBIDDEN or codes & NOT_OURS:
        return CredentialsRefused
    return Rejected if status in range(400, 500) and status != BUSY else Unavailable


def _person(user: User) -> Person:
    name = " ".join(filter(None, (user.first_name, user.last_name)))
    return Person(
        workos_user_id=_id(user.id),
        email=canonical_email(_text(user.email).strip()) or "",
        email_verified=user.email_verified is True,
        # A database may refuse some of the other characters.
        name="".join(filter(str.isprintable, name))[:150],
    )


def _text(value: object) -> str:
    """Return ``value`` if ``value`` is a text that is not empty; otherwise raise ``Unavailable``."""
    # The SDK declares these fields as texts but does not check what WorkOS sends.
    if not isinstance(value, str) or not value:
        raise Unavailable("a required field is missing from WorkOS's answer")
    return value


def _id(value: object) -> str:
    """Return ``value`` if ``value`` is a text that can be an id; otherwise raise ``Unavailable``."""
    if not (text := _text(value)).isprintable():
        raise Unavailable("an id in WorkOS's answer is not valid")
    return text


def get_client(credentials: Credentials) -> Client:
    """Return this process's client for ``credentials``. The first call builds the client."""
    with _building:
        found = _clients.get(credentials) or Client(credentials)
        _clients[credentials] = found
        _clients.move_to_end(credentials)
        while len(_clients) > KEPT:
            _clients.popitem(last=False)
    return found
