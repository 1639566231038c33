"""An access token is valid only with WorkOS's signature, for this user and client, until it expires."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from hub.workos.remote.errors import InvalidToken, Unavailable
from hub.workos.remote.tokens import KeySet, verify
from hub.workos.remote.transport import BoundedTransport
from tests.support.workos.authkit import KID, Answer, AuthKit, private_key
from tests.support.workos.fixtures import Visitor


def title(response: Any) -> str:
    return str(response.content.decode().partition("<h1>")[2].partition("</h1>")[0])


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"sub": "user_somebody_else"},
        {"sub": 1},
        {"sid": None},
        {"sid": ""},
        {"sid": ["session_1"]},
        {"exp": None},
        {"exp": "soon"},
        {"iss": None},
        {"iss": "https://evil.example"},
        {"iss": "https://api.workos.com"},
    ],
)
def test_a_token_with_a_wrong_or_missing_claim_is_refused(
    workos_hub: AuthKit, visitor: Visitor, claims: dict[str, object]
) -> None:
    workos_hub.claims = claims
    response = visitor.sign_in(workos_hub)
    assert response.status_code == 403
    assert title(response) == "The sign-in did not work"
    assert not visitor.is_signed_in()


@pytest.mark.parametrize("shape", ["{0}/user_management/{1}", "{0}/", "https://login.example.com"])
def test_the_issuers_that_workos_uses_are_accepted(workos_hub: AuthKit, visitor: Visitor, shape: str) -> None:
    workos_hub.claims = {"iss": shape.format(workos_hub.url, workos_hub.client_id)}
    assert visitor.sign_in(workos_hub).status_code == 302


def test_an_audience_that_a_template_adds_does_no_harm(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.claims = {"aud": "authenticated"}
    assert visitor.sign_in(workos_hub).status_code == 302


def test_a_bad_signature_is_refused(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.signing_key = private_key("wrong")
    assert title(visitor.sign_in(workos_hub)) == "The sign-in did not work"


def test_a_key_that_is_not_published_is_refused(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.kid = "key-2"
    assert title(visitor.sign_in(workos_hub)) == "The sign-in did not work"


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJ9", "..", " "])
def test_what_is_no_token_is_refused(workos_hub: AuthKit, visitor: Visitor, token: str) -> None:
    workos_hub.answer = {"access_token": token}
    response = visitor.sign_in(workos_hub)
    assert (response.status_code, title(response)) == (403, "The sign-in did not work")
    assert not visitor.is_signed_in()


@pytest.mark.parametrize("token", ["", 7, None, [], {}])
def test_an_answer_without_a_token_is_an_outage(workos_hub: AuthKit, visitor: Visitor, token: object) -> None:
    workos_hub.answer = {"access_token": token}
    response = visitor.sign_in(workos_hub)
    assert (response.status_code, title(response)) == (503, "WorkOS does not answer")
    assert not visitor.is_signed_in()


def forged(algorithm: str, workos_hub: AuthKit) -> str:
    claims = {"iss": workos_hub.url, "sub": "user_owner", "sid": "s", "exp": time.time() + 60}
    if algorithm == "none":
        return jwt.encode(claims, "", "none", headers={"kid": KID})
    return jwt.encode(claims, "0" * 64, algorithm, headers={"kid": KID})


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512"])
def test_no_other_algorithm_is_taken(workos_hub: AuthKit, visitor: Visitor, algorithm: str) -> None:
    workos_hub.answer = {"access_token": forged(algorithm, workos_hub)}
    assert visitor.sign_in(workos_hub).status_code == 403


def at_a_clock_off_by(offset: int) -> dict[str, int]:
    now = int(time.time()) + offset
    return {"iat": now, "exp": now + (1 if offset < 0 else 300)}


@pytest.mark.parametrize("offset", [-25, 25])
def test_clocks_may_differ_by_half_a_minute(workos_hub: AuthKit, visitor: Visitor, offset: int) -> None:
    workos_hub.claims = at_a_clock_off_by(offset)
    assert visitor.sign_in(workos_hub).status_code == 302
    assert visitor.is_signed_in()


@pytest.mark.parametrize("offset", [-3600, 3600])
def test_beyond_that_the_page_names_the_clock(workos_hub: AuthKit, visitor: Visitor, offset: int) -> None:
    workos_hub.claims = at_a_clock_off_by(offset)
    response = visitor.sign_in(workos_hub)
    assert (response.status_code, title(response)) == (503, "The clock of this hub is wrong")


@pytest.fixture
def keys(authkit: AuthKit) -> KeySet:
    """Give a key set that has not requested the stand-in's keys yet."""
    return KeySet(f"{authkit.url}/sso/jwks/{authkit.client_id}", BoundedTransport())


def age(keys: KeySet, seconds: float) -> None:
    assert keys._fetched_at is not None
    keys._fetched_at -= seconds


def test_keys_are_asked_for_once_and_again_after_five_minutes(authkit: AuthKit, keys: KeySet) -> None:
    keys.check()
    keys.find(KID)
    assert len(authkit.requests) == 1
    age(keys, 301)
    keys.find(KID)
    assert len(authkit.requests) == 2


def test_an_unknown_key_is_looked_up_at_most_every_ten_seconds(authkit: AuthKit, keys: KeySet) -> None:
    keys.check()
    for _ in range(3):
        with pytest.raises(InvalidToken):
            keys.find("key-2")
    assert len(authkit.requests) == 1
    age(keys, 11)
    with pytest.raises(InvalidToken):
        keys.find("key-2")
    assert len(authkit.requests) == 2


def test_known_keys_serve_on_for_an_hour_while_they_cannot_be_had(authkit: AuthKit, keys: KeySet) -> None:
    keys.check()
    authkit.faults["/sso/jwks"] = Answer(500)
    age(keys, 3000)
    keys.find(KID)
    age(keys, 700)
    with pytest.raises(Unavailable):
        keys.find(KID)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AA"}]}', b"null"]
)
def test_keys_that_are_no_keys_are_an_outage(authkit: AuthKit, keys: KeySet, body: bytes) -> None:
    authkit.faults["/sso/jwks"] = Answer(200, body)
    with pytest.raises(Unavailable):
        keys.check()


def test_an_expired_token_says_that_it_is_a_matter_of_time(authkit: AuthKit, keys: KeySet) -> None:
    authkit.claims = {"exp": 1}
    with pytest.raises(InvalidToken) as refused:
        verify(authkit._sign("s"), keys, [authkit.url], user_id="user_owner")
    assert refused.value.is_clock
