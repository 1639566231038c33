"""WorkOS's own emulator, run in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.ports import free_port
from tests.support.processes.hub_process import ROOT
from tests.support.waiting import wait_for

FOLDER = ROOT / "build" / "emulator"
CLIENT_ID = "client_01EMULATOR"
API_KEY, OTHER_API_KEY = "sk_test_emulator_one", "sk_test_emulator_two"
KEY_OF_THE_TESTS = "sk_test_emulator_tests"
STAFF_ROLE = "hub-staff"

OWNER = "owner@example.com"
MEMBER = "member@example.com"
UNVERIFIED = "unverified@example.com"
IMPERSONATED = "impersonated@example.com"
UNKNOWN = "unknown@example.com"

SEED: dict[str, Any] = {
    "apiKeys": {key: {"environment": "test"} for key in (API_KEY, OTHER_API_KEY, KEY_OF_THE_TESTS)},
    "users": [
        {"email": OWNER, "first_name": "Olive", "last_name": "Owner", "email_verified": True},
        {"email": MEMBER, "first_name": "Max", "last_name": "Member", "email_verified": True},
        {"email": UNVERIFIED, "email_verified": False},
        {
            "email": IMPERSONATED,
            "email_verified": True,
            "impersonator": {"email": "support@workos.example", "reason": "a ticket"},
        },
    ],
    "organizations": [{"name": "Acme"}],
    "roles": [{"slug": STAFF_ROLE, "name": "Hub staff"}],
}


class Emulator:
    """A running emulator, which tests control through its API."""

    def __init__(self, port: int) -> None:
        """Connect to the emulator at a port of 127.0.0.1."""
        self.url = f"http://127.0.0.1:{port}"
        # One client for all calls, because each client reads all root certificates. No connection stays open.
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {KEY_OF_THE_TESTS}"},
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
            timeout=10,
        )

    def let_sign_in(self, email: str) -> None:
        """Choose the user that signs in next; without a choice, the first user signs in."""
        self.call("POST", "/test/person", {"email": email})

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the API with the tests' own key; return the response."""
        response = self._client.request(method, path, json=body)
        response.raise_for_status()
        return response.json() if response.content else None

    def close(self) -> None:
        """Close the client that makes the calls."""
        self._client.close()

    @contextlib.contextmanager
    def without_key(self, key: str) -> Iterator[None]:
        """Revoke an API key within the block: the API and the token endpoint refuse it."""
        self.call("POST", "/test/keys", {"key": key, "works": False})
        try:
            yield
        finally:
            self.call("POST", "/test/keys", {"key": key, "works": True})

    def register(self, redirect_uri: str) -> None:
        """Register a redirect URI, to which AuthKit may send browsers back."""
        self.call("POST", "/user_management/redirect_uris", {"uri": redirect_uri})

    def forget_redirect_uris(self) -> None:
        """Remove every redirect URI, as before the first one was registered."""
        self.call("POST", "/test/forget-redirect-uris", {})

    def organization_of(self, email: str, role: str) -> str:
        """Make a user a member of the seeded organization in ``role``; return the organization's id."""
        (organization,) = self.call("GET", "/organizations?limit=1")["data"]
        member = {"organization_id": organization["id"], "user_id": self.user_id(email), "role_slug": role}
        self.call("POST", "/user_management/organization_memberships", member)
        return str(organization["id"])

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the data of all events with one name, oldest first."""
        found = self.call("GET", f"/events?events[]={name}&order=asc&limit=100")["data"]
        return [event["data"] for event in found]

    def user_id(self, email: str) -> str:
        """Return the id of a seeded user."""
        users = self.call("GET", "/user_management/users?limit=100")["data"]
        return next(str(user["id"]) for user in users if user["email"] == email)


@contextlib.contextmanager
def running_emulator(folder: Path) -> Iterator[Emulator]:
    """Run an emulator with its seed in ``folder``; if none is installed, skip the test, but fail in CI."""
    if not (FOLDER / "complete").exists() or shutil.which("node") is None:
        message = "WorkOS's emulator is missing: run tools/install-test-parts.sh"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    seed, emulator = folder / "seed.json", Emulator(port := free_port())
    seed.write_text(json.dumps(SEED))
    script = Path(__file__).with_name("serve.mjs")
    process = subprocess.Popen(["node", str(script), str(FOLDER), str(port), str(seed)])
    try:
        wait_for(lambda: _answers(emulator, process), "the emulator to answer", 60)
        yield emulator
    finally:
        process.terminate()
        process.wait(10)
        emulator.close()


def _answers(emulator: Emulator, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the emulator stopped"
    try:
        return bool(emulator.call("GET", "/user_management/users"))
    except httpx2.TransportError:
        return False
