"""The client of WorkOS's API: one for each set of credentials, built once in a process."""

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
"""Clients that are kept: requests under way may still use the credentials of the revision before.

None is closed, as one may be in use and none keeps a connection open.
"""
ENDED = {"invalid_grant", "invalid_code", "expired_code", "invalid_code_verifier"}
"""What WorkOS says of a code or refresh token that is not valid, or not any longer."""
NOT_OURS = {"invalid_client", "invalid_client_secret", "unauthorized_client", "unauthorized"}
"""What WorkOS says of wrong credentials, whatever the status."""
FORBIDDEN, BUSY = {401, 403}, 429
ACTIVE = "active"
FINAL = {400, 404, 422}
"""Statuses with which WorkOS, where it gives a code as well, speaks of what was asked about."""

_clients: OrderedDict[Credentials, Client] = OrderedDict()
_building = threading.Lock()


class Client:
    """WorkOS as the hub uses it; every method raises ``WorkOSTrouble`` and nothing else."""

    def __init__(self, credentials: Credentials, budget: float | None = None) -> None:
        """Take everything from the credentials: what is left out, the SDK takes from the environment.

        ``budget`` is how many seconds all calls together may take, from the first one on.
        """
        from workos import WorkOSClient

        from hub.workos.remote.tokens import LEEWAY, KeySet
        from hub.workos.remote.transport import TIMEOUT, BoundedTransport

        self.credentials = credentials
        self.transport = BoundedTransport(budget)
        self.sdk = WorkOSClient(
            api_key=credentials.api_key.reveal(),
            client_id=credentials.client_id,
            base_url=api_url(),
            request_timeout=math.ceil(TIMEOUT),  # the transport is exact
            jwt_leeway=LEEWAY,
            jwt_issuer=credentials.issuers,
            max_retries=0,  # a second try would use a one-time code again
            http_client=self.transport,
        )
        url = self.sdk.user_management.get_jwks_url(credentials.client_id)
        self.keys = KeySet(url, self.transport)

    def authorization_url(self, redirect_uri: str, **options: Any) -> dict[str, str]:
        """Return where to send a browser to sign in, with the ``state`` and the PKCE ``code_verifier``."""
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
        """Return where to send a browser to end a session."""
        return self.sdk.user_management.get_logout_url(session_id=sid, return_to=return_to)

    def exchange(self, code: str, code_verifier: str, *, ip_address: str, user_agent: str) -> Grant:
        """Return what a code from the callback grants."""
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
        """Return what a refresh token grants.

        It is used up by asking, so ``keep`` gets the next one as soon as there is one, whatever comes of
        verifying the rest of the answer. Raises ``Refused`` also where WorkOS knows the person no longer.
        """
        api = self.sdk.user_management
        answer = _ask_about(lambda: api.authenticate_with_refresh_token(refresh_token=refresh_token.reveal()))
        keep(Secret(_text(answer.refresh_token)))
        return self._grant(answer)

    def has_session(self, workos_user_id: str, sid: str) -> bool:
        """Tell whether somebody has a session that is active; raise ``Refused`` where the person is gone.

        Of their newest hundred, that is; one that is older than all of those is taken for ended.
        """
        path = ("user_management", "users", workos_user_id, "sessions")
        found = _ask_about(lambda: self.get(*path, limit=100)).get("data")
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise Unavailable("WorkOS's list of somebody's sessions is unreadable")
        active = {entry.get("id") for entry in found if entry.get("status", ACTIVE) == ACTIVE}
        return sid in active

    def person(self, workos_user_id: str) -> Person:
        """Return somebody as WorkOS knows them now; raise ``Refused`` where they are gone."""
        return _person(_ask_about(lambda: self.sdk.user_management.get_user(workos_user_id)))

    def get(self, *path: str, **params: Any) -> dict[str, Any]:
        """Return the JSON object at a path of the API."""
        return _ask(lambda: self.sdk.request_raw("get", path, params=params))

    def _grant(self, answer: AuthenticateResponse) -> Grant:
        """Return what an answer grants, once its access token is verified."""
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
    """Return the answer to a call of the SDK; raise ``WorkOSTrouble`` for whatever else becomes of it."""
    from workos import WorkOSError

    try:
        answer = call()
    except WorkOSError as error:
        raise _trouble(error) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unavailable("WorkOS answers with something unreadable") from error  # JSON of another shape
    if not answer:  # what the SDK makes of an empty body, and of one that is no JSON
        raise Unavailable("WorkOS answers with something unreadable")
    return answer


def _ask_about(call: Callable[[], T]) -> T:
    """Return the answer to a call about somebody's session; raise ``Refused`` where WorkOS knows of none."""
    try:
        return _ask(call)
    except Rejected as error:
        if error.status in FINAL and error.codes:
            raise Refused(str(error)) from error
        raise


def _trouble(error: Exception) -> WorkOSTrouble:
    """Translate an error of the SDK; of its text only the codes, as the rest may repeat what was sent."""
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
    email = canonical_email(_text(user.email).strip())
    if email is None:
        raise Unavailable("WorkOS names no usable e-mail address")
    return Person(
        workos_user_id=_text(user.id),
        email=email,
        email_verified=user.email_verified is True,
        name=" ".join(filter(None, (user.first_name, user.last_name)))[:150],
    )


def _text(value: object) -> str:
    """Return a text that must be one, and not empty: types are the SDK's promise, not WorkOS's."""
    if not isinstance(value, str) or not value:
        raise Unavailable("WorkOS leaves out what it should say")
    return value


def get_client(credentials: Credentials) -> Client:
    """Return this process's client for ``credentials``, built by the first of many threads that ask."""
    with _building:
        found = _clients.get(credentials) or Client(credentials)
        _clients[credentials] = found
        _clients.move_to_end(credentials)
        while len(_clients) > KEPT:
            _clients.popitem(last=False)
    return found
