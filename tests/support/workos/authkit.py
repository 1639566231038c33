"""A stand-in for WorkOS's sign-in, as strict as WorkOS; tests can make it fail.

WorkOS's emulator does not check the client secret, revoked sessions, or that a code and a refresh token are
used only once; this server does. It can also make wrong signatures, or answer slowly, wrongly or not at all.
``faults`` has, by path, responses that are sent before a request is carried out, ``losses`` those sent after.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "client_01STANDIN"
API_KEY = "sk_test_stand_in"
KID = "key-1"
OWNER = "owner@example.com"


@functools.cache
def private_key(name: str = "right") -> rsa.RSAPrivateKey:
    """Return an RSA key; the same name gives the same key."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Answer:
    """An HTTP response, sent after ``delay`` seconds; ``drip`` is a further delay before each byte."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0

    def as_sent(self) -> bytes:
        """Return the bytes of the HTTP response."""
        headers = {**self.headers, "Content-Length": str(len(self.body)), "Connection": "close"}
        lines = [f"HTTP/1.1 {self.status} -", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the response, with pauses between."""
        time.sleep(self.delay)
        if not self.drip:
            yield self.as_sent()
            return
        for byte in self.as_sent():
            time.sleep(self.drip)
            yield bytes([byte])


def as_json(body: Any, status: int = 200) -> Answer:
    """Return a response with a JSON body."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def refusal(code: str, status: int = 400) -> Answer:
    """Return an error response of the token endpoint."""
    return as_json({"error": code, "error_description": f"it is {code}"}, status)


NOT_FOUND = as_json({"message": "Not found", "code": "entity_not_found"}, 404)


def user(email: str = OWNER, **facts: Any) -> dict[str, Any]:
    """Return a user in the JSON format of WorkOS."""
    moment = "2026-01-01T00:00:00.000Z"
    names = ("first_name", "last_name", "profile_picture_url", "external_id", "last_sign_in_at")
    known = {"object": "user", "id": f"user_{email.partition('@')[0]}", "email": email}
    times = {"created_at": moment, "updated_at": moment}
    return {**dict.fromkeys(names), **known, "email_verified": True, **times, **facts}


class AuthKit:
    """The server's state, which tests change while it runs."""

    def __init__(self) -> None:
        """Create a server at which the owner signs in and no request fails."""
        self.url = ""
        self.client_id, self.api_key = CLIENT_ID, API_KEY
        self.person = user()
        self.claims: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.lifetime = 300
        self.signed_in_ago = 0
        self.heeds_max_age = True
        self.signing_key, self.kid = private_key(), KID
        self.faults: dict[str, Answer] = {}
        self.losses: dict[str, Answer] = {}
        self.delay = 0.0
        self.redirect_uris: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.sessions: dict[str, dict[str, Any]] = {}
        self.states: dict[str, str] = {}
        self.deleted: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh_tokens: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def approve(self, authorization_url: str) -> str:
        """Sign the current person in at AuthKit; return the path that AuthKit sends the browser back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert authorization_url.startswith(f"{self.url}/user_management/authorize?")
        assert asked["client_id"] == self.client_id
        code = self._new("code")
        self._codes[code] = asked
        back = urlsplit(asked["redirect_uri"]).path
        return f"{back}?{urlencode({'code': code, 'state': asked['state']})}"

    def revoke(self, sid: str) -> None:
        """End a session at WorkOS."""
        del self.sessions[sid]
        self.tell("session.revoked", {"object": "session", "id": sid})

    def tell(self, name: str, data: dict[str, Any]) -> None:
        """Add an event to the list that the hub polls."""
        self.events.append({"object": "event", "id": self._new("event"), "event": name, "data": data})

    def asked(self, path: str) -> list[dict[str, Any]]:
        """Return the bodies or queries of all requests for a path so far."""
        return [body for where, body in self.requests if where == path]

    def refreshes(self) -> list[dict[str, Any]]:
        """Return the requests that refreshed a session or tried to."""
        asked = self.asked("/user_management/authenticate")
        return [body for body in asked if body["grant_type"] == "refresh_token"]

    def _new(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):04}"

    def respond(self, path: str, body: dict[str, Any], key: str) -> Answer:
        """Answer one request."""
        with self._lock:
            self.requests.append((path, body))
        for prefix, answer in self.faults.items():
            if path.startswith(prefix):
                return answer
        time.sleep(self.delay)
        with self._lock:
            answer = self._respond(path, body, key)
        return next((lost for prefix, lost in self.losses.items() if path.startswith(prefix)), answer)

    def _respond(self, path: str, body: dict[str, Any], key: str) -> Answer:
        if path.startswith("/sso/jwks/"):
            known = path == f"/sso/jwks/{self.client_id}"
            return as_json({"keys": [_jwk(private_key(), KID)]}) if known else refusal("not_found", 404)
        if path == "/user_management/authenticate":
            return self._authenticate(body)
        if key != f"Bearer {self.api_key}":
            return as_json({"message": "Unauthorized", "code": "unauthorized"}, 401)
        lists = {
            "/organizations": [],
            "/events": self._events_after(body.get("after", "")),
            "/user_management/redirect_uris": [{"uri": uri} for uri in self.redirect_uris],
        }
        if path.startswith("/user_management/users/"):
            return self._about_person(*path.split("/")[3:])
        if path not in lists:
            return NOT_FOUND
        return as_json({"object": "list", "data": lists[path], "list_metadata": {}})

    def _about_person(self, user_id: str, what: str = "") -> Answer:
        """Return the response for a user, or for the user's sessions."""
        if user_id in self.deleted or user_id != self.person["id"]:
            return NOT_FOUND
        if not what:
            return as_json(self.person)
        states = dict.fromkeys(self.sessions, "active") | self.states
        sessions = [{"object": "session", "id": sid, "status": state} for sid, state in states.items()]
        return as_json({"object": "list", "data": sessions, "list_metadata": {"before": None, "after": None}})

    def delete_person(self) -> None:
        """Delete the current person without adding an event."""
        self.deleted.add(self.person["id"])

    def _events_after(self, cursor: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["id"] > cursor]

    def _authenticate(self, body: dict[str, Any]) -> Answer:
        if (body["client_id"], body["client_secret"]) != (self.client_id, self.api_key):
            return refusal("invalid_client", 401)
        if body["grant_type"] == "refresh_token":
            sid = self._refresh_tokens.pop(body["refresh_token"], "")
            if sid not in self.sessions:
                return refusal("invalid_grant")
            return NOT_FOUND if self.person["id"] in self.deleted else self._grant(sid)
        asked = self._codes.pop(body["code"], None)
        if asked is None:
            return refusal("invalid_grant")
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return refusal("invalid_grant")
        sid = self._new("session")
        self.sessions[sid] = {**asked, "auth_time": int(time.time()) - self._idle(asked)}
        return self._grant(sid)

    def _idle(self, asked: dict[str, str]) -> int:
        """Return the seconds since the person entered credentials; ``max_age`` may require new ones."""
        limit = asked.get("max_age") if self.heeds_max_age else None
        return 0 if limit is not None and self.signed_in_ago > int(limit) else self.signed_in_ago

    def _grant(self, sid: str) -> Answer:
        token = self._new("refresh")
        self._refresh_tokens[token] = sid
        granted = {"user": self.person, "access_token": self._sign(sid), "refresh_token": token}
        return as_json(_without_none({**granted, **self.answer}))

    def _sign(self, sid: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.person["id"],
            "sid": sid,
            "auth_time": self.sessions.get(sid, {}).get("auth_time", now),
            "iat": now,
            "exp": now + self.lifetime,
            **self.claims,
        }
        return jwt.encode(_without_none(claims), self.signing_key, "RS256", headers={"kid": self.kid})


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {**public, "kid": kid, "alg": "RS256", "use": "sig"}


@contextlib.contextmanager
def running_authkit() -> Iterator[AuthKit]:
    """Serve the stand-in on a free port of the loopback interface."""
    kit = AuthKit()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path)
            self._answer(where.path, {name: values[0] for name, values in parse_qs(where.query).items()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(self.path, json.loads(body))

        def _answer(self, path: str, body: dict[str, Any]) -> None:
            answer = kit.respond(path, body, self.headers.get("Authorization", ""))
            with contextlib.suppress(OSError):
                for piece in answer.pieces():
                    self.wfile.write(piece)

        def log_message(self, *_args: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    kit.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kit
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
