"""Verification of access tokens with the keys that WorkOS publishes for this client."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading
import time
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import jwt

from hub.workos.remote.errors import CredentialsRefused, InvalidToken, Unavailable, Unreachable

if TYPE_CHECKING:
    from hub.workos.remote.transport import BoundedTransport

LEEWAY = 30
"""The accepted difference in seconds between this machine's clock and WorkOS's clock."""
FRESH = 300.0
"""Keys that are older than this many seconds are fetched again."""
STALE = 3600.0
"""If new keys cannot be fetched, the old keys are used until they are this many seconds old."""
COOLDOWN = 10.0
"""If a token has an unknown key id, keys that are older than this many seconds are fetched again."""


class KeySet:
    """A cache of the signing keys published at ``url``. The cache is thread-safe."""

    def __init__(self, url: str, transport: BoundedTransport) -> None:
        """Create an empty cache. Nothing is fetched yet."""
        self._url, self._transport = url, transport
        self._fetching = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tries = 0
        self._failure: Unavailable | None = None

    def check(self) -> None:
        """Fetch the keys if the cache is out of date. Raise ``Unavailable`` if there are no usable keys."""
        self._current()

    def find(self, kid: str) -> jwt.PyJWK:
        """Return the key with the id ``kid``.

        Raise ``InvalidToken`` if WorkOS publishes no such key. Raise ``Unavailable`` if the keys cannot be
        fetched.
        """
        key = self._current().get(kid)
        if key is None and self._age() > COOLDOWN:
            key = self._fetch().get(kid)
        if key is None:
            raise InvalidToken("the access token is signed with a key that WorkOS does not publish")
        return key

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else time.monotonic() - self._fetched_at

    def _current(self) -> Mapping[str, jwt.PyJWK]:
        if self._age() < FRESH:
            return self._keys
        try:
            return self._fetch()
        except Unavailable:
            if self._age() < STALE:
                return self._keys
            raise

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        """Fetch the keys and return the keys. Raise ``Unavailable`` if the keys cannot be fetched.

        If several threads call this method at the same time, they share one request and its result.
        """
        tries = self._tries
        with self._fetching:
            if self._tries == tries:
                self._try()
            if self._failure is not None:
                raise self._failure
            return self._keys

    def _try(self) -> None:
        try:
            self._keys, self._failure = _parse(self._get()), None
            self._fetched_at = time.monotonic()
        except Unavailable as trouble:
            self._failure = trouble
        finally:
            self._tries += 1

    def _get(self) -> bytes:
        from workos import TransportConnectError, TransportError, TransportTimeout

        try:
            response = self._transport.request("GET", self._url)
        except (TransportConnectError, TransportTimeout) as error:
            raise Unreachable(f"the signing keys cannot be fetched: {error}") from error
        except TransportError as error:
            raise Unavailable(f"the signing keys cannot be fetched: {error}") from error
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise CredentialsRefused("WorkOS publishes no keys for this client id")
        if response.status_code != HTTPStatus.OK:
            raise Unavailable(f"the signing keys cannot be fetched: HTTP {response.status_code}")
        return response.content


def _parse(content: bytes) -> Mapping[str, jwt.PyJWK]:
    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(content)).keys
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise Unavailable("WorkOS's answer with the signing keys cannot be parsed") from error
    usable = {key.key_id: key for key in keys if key.key_id and key.public_key_use in {"sig", None}}
    if not usable:
        raise Unavailable("WorkOS publishes no signing key")
    return usable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims of a verified access token.

    ``lifetime`` and ``auth_age`` have the same meaning as in ``Grant``.
    """

    sub: str
    sid: str
    lifetime: dt.timedelta
    auth_age: dt.timedelta | None
    organization_id: str
    roles: tuple[str, ...]
    is_impersonated: bool


def verify(token: str, keys: KeySet, issuers: Collection[str], *, user_id: str) -> Claims:
    """Verify an access token of the user ``user_id``, and return the claims in the token.

    Raise ``InvalidToken`` if the token is not valid. Raise ``Unavailable`` if the signing keys cannot be
    fetched.
    """
    claims = _decode(token, keys, issuers)
    if claims["sub"] != user_id:
        raise InvalidToken("the access token belongs to another user")
    if not isinstance(claims["sid"], str) or not claims["sid"]:
        raise InvalidToken("the access token names no session")
    return Claims(
        sub=user_id,
        sid=claims["sid"],
        lifetime=_lifetime(claims),
        auth_age=_auth_age(claims),
        organization_id=str(claims.get("org_id") or ""),
        roles=_roles(claims),
        is_impersonated=claims.get("act") is not None,
    )


def _decode(token: str, keys: KeySet, issuers: Collection[str]) -> dict[str, Any]:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        return jwt.decode(
            token,
            keys.find(str(kid)),
            algorithms=["RS256"],
            issuer=tuple(issuers),
            leeway=LEEWAY,
            # WorkOS sets no audience by default, but the operator's JWT template can set any.
            options={"require": ["sub", "sid", "exp", "iss"], "verify_aud": False},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise InvalidToken(f"by this machine's clock, {error}", is_clock=True) from error
    except jwt.PyJWTError as error:
        raise InvalidToken(str(error)) from error


def _lifetime(claims: Mapping[str, Any]) -> dt.timedelta:
    """Return the time from the issue to the expiry of the token."""
    # WorkOS sets both times, so a wrong clock on this machine does not matter, unless ``iat`` is missing.
    began = claims.get("iat", time.time())
    return dt.timedelta(seconds=max(float(claims["exp"]) - float(began), 0))


def _auth_age(claims: Mapping[str, Any]) -> dt.timedelta | None:
    """Return the time from the person's last entry of credentials to the issue of the token.

    Return ``None`` if one of these two times is missing from the token.
    """
    # WorkOS sets both times, so a wrong clock on this machine does not matter.
    at, issued = claims.get("auth_time"), claims.get("iat")
    if not isinstance(at, int | float) or not isinstance(issued, int | float):
        return None
    return dt.timedelta(seconds=max(float(issued) - float(at), 0))


def _roles(claims: Mapping[str, Any]) -> tuple[str, ...]:
    several = claims.get("roles")
    found = [claims.get("role"), *(several if isinstance(several, list) else [])]
    return tuple(dict.fromkeys(role for role in found if isinstance(role, str) and role))
