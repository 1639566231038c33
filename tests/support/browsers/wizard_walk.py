"""A browser that walks through the setup wizard, one step after the other."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from setup_wizard.claiming import tokens

ADMIN = "ada@example.com"
PASSWORD = "correct horse battery staple"

MODE = {"app_mode": "local"}
ACCOUNT = {"email": ADMIN, "name": "Ada", "password1": PASSWORD, "password2": PASSWORD}
NETWORK = {"bind_address": "127.0.0.1", "port": "8884"}
SECURITY = {"super_admin_emails": ADMIN}
CREDENTIALS = {
    "workos_client_id": "client_123",
    "workos_api_key": "sk_test_canary123",
    "super_admin_emails": ADMIN,
}

LOCAL = {"mode": MODE, "account": ACCOUNT, "network": NETWORK, "security": SECURITY}
WORKOS = {
    "mode": {"app_mode": "workos"},
    "credentials": CREDENTIALS,
    "network": NETWORK,
    "security": {},
}


class Browser:
    """One browser with its cookies and the last response."""

    def __init__(self, **environ: Any) -> None:
        """Start without cookies."""
        self.client = Client(**{"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8884", **environ})
        self.response: Any = None

    def get(self, path: str, **headers: str) -> int:
        """Open a page and return the status."""
        self.response = self.client.get(path, headers=headers)
        return int(self.response.status_code)

    def post(self, path: str, data: dict[str, str] | None = None) -> int:
        """Send a form and return the status."""
        self.response = self.client.post(path, data or {})
        return int(self.response.status_code)

    @property
    def location(self) -> str:
        """Return the address that the last response redirects to."""
        return str(self.response.headers.get("Location", ""))

    @property
    def text(self) -> str:
        """Return the text of the last page as people read it."""
        return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", self.body).split()))

    @property
    def body(self) -> str:
        """Return the HTML of the last page."""
        return str(self.response.content.decode())

    def unlock(self) -> None:
        """Enter the setup token."""
        tokens.ensure()
        token = tokens.current()
        assert token is not None
        assert self.post("/setup/", {"token": token.reveal()}) == 302, self.text

    def fill(self, name: str, data: dict[str, str]) -> None:
        """Complete one step."""
        assert self.post(f"/setup/{name}/", data) == 302, self.text

    def fill_all(self, steps: dict[str, dict[str, str]] | None = None) -> None:
        """Complete every step up to the review."""
        self.unlock()
        for name, data in (steps or LOCAL).items():
            self.fill(name, data)

    def finish(self) -> int:
        """Press Finish and return the status."""
        return self.post("/setup/review/")

    def keep_code(self) -> str:
        """Open the last page, keep the recovery code that it shows, and return the code."""
        assert self.get("/welcome/") == 200
        (code,) = re.findall(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}", self.text)
        assert self.post("/welcome/", {"kept": "on"}) == 302
        assert self.get("/welcome/") == 200
        return str(code)

    def json(self) -> Any:
        """Return the last answer as JSON."""
        return self.response.json()


def value_of(page: str, name: str) -> str:
    """Return what a page shows in an input or a text area."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    if found:
        value = re.search(r'value="([^"]*)"', found.group())
        return value.group(1) if value else ""
    area = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert area is not None, name
    return area.group(1)


def errors_of(page: str) -> list[str]:
    """Return the errors beside fields, in lower case."""
    return re.findall(r'class="field__error"[^>]*>([^<]+)<', page.lower())
