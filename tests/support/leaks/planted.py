"""A hub with a different secret in every place that can hold one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.test import Client

from config_app.api import plan
from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.encryption.recovery_codes import new_code
from config_app.live import runtime
from hub.models import User, WorkOSSession
from hub.runtime_config import get_config, schema
from hub.start import secret_key
from hub.workos.sessions import sealed_tokens
from setup_wizard.claiming import tokens
from tests.support.browsers.clients import SERVER
from tests.support.browsers.wizard_walk import ADMIN, LOCAL, Browser

NASTY = "<&\"'> /+%é"
"""Characters that encodings change. A secret that may contain them is searched for in every encoding."""
OF_SETTINGS = {
    "workos_api_key": ("sk_canary_of_the_api_key_1", "sk_canary_of_the_api_key_2"),
    "workos_cookie_password": (
        f"{'canaryOfTheFirstCookie'.ljust(43, 'a')}=",
        f"{'canaryCookie'.ljust(43, 'b')}=",
    ),
    "reload_webhook_secret": (f"canary of the webhook 1 {NASTY}", f"canary of the webhook 2 {NASTY}"),
}
"""For every secret setting, a value that only the history has, and the current value."""
STAFF = "staff@example.com"
OF_DRAFT = "sk_canary_of_the_draft"
PASSWORD = f"canary of the owner's password {NASTY}"
ACCOUNT = {"email": ADMIN, "name": "Ada", "password1": PASSWORD, "password2": PASSWORD}
TYPED = {
    "typed password": f"canary of a typed password {NASTY}",
    "typed token": "canary-of-a-typed-setup-token",
    "typed code": new_code().reveal(),
    "typed passphrase": f"canary of a passphrase {NASTY}",
    "typed secret": "sk_canary_Of4TypedSecret",
}
"""Secrets that people enter, also in forms with mistakes."""


@dataclass
class Planted:
    """The planted secrets by name, and a browser for each role."""

    canaries: dict[str, str | bytes] = field(default_factory=dict)
    browsers: dict[str, Client] = field(default_factory=dict)

    def copy(self) -> Planted:
        """Return the same secrets, and browsers that have the same cookies."""
        browsers = {role: _browser(cookies=browser.cookies) for role, browser in self.browsers.items()}
        return Planted(dict(self.canaries), browsers)

    @property
    def stored(self) -> dict[str, str | bytes]:
        """Return the secrets that the hub stores, without those that people enter."""
        return {name: secret for name, secret in self.canaries.items() if name not in TYPED}


def unclaimed() -> Planted:
    """Plant secrets in an unclaimed install: a setup token, and a draft with a password and a key."""
    planted = Planted({**TYPED, "draft": OF_DRAFT, "password": PASSWORD})
    tokens.ensure()
    token = tokens.current()
    assert token is not None
    planted.canaries |= {"setup token": token.reveal(), **_keys()}
    planted.browsers = {"stranger": _browser(), "holder": _browser()}
    return planted


def fill_draft(client: Client) -> None:
    """Enter the setup token and a secret of each kind into the wizard."""
    holder = Browser()
    holder.client = client
    holder.unlock()
    holder.fill("mode", {"app_mode": "workos"})
    credentials = {"workos_client_id": "client_123", "workos_api_key": OF_DRAFT, "super_admin_emails": ADMIN}
    holder.fill("credentials", credentials)
    holder.fill("mode", {"app_mode": "local"})
    holder.fill("account", ACCOUNT)


def claim() -> str:
    """Claim the install with the wizard, and return the recovery code."""
    browser = Browser()
    browser.fill_all(LOCAL | {"account": ACCOUNT})
    assert browser.finish() == 302
    return browser.keep_code()


def claimed(code: str) -> Planted:
    """Plant secrets in a claimed install with the recovery code ``code``."""
    canaries: dict[str, str | bytes] = dict(TYPED)
    canaries |= {"password": PASSWORD, "recovery code": code}
    for number in (0, 1):
        values = {key: OF_SETTINGS[key][number] for key in _secret_settings()}
        canaries |= {f"{key} {number + 1}": value for key, value in values.items()}
        plan(values).apply(actor="grace", reason=f"plant {number + 1}")
    runtime.reload()
    planted = Planted(canaries | _keys(), _people())
    for role, browser in planted.browsers.items():
        if browser.cookies.get(settings.SESSION_COOKIE_NAME):
            planted.canaries[f"session of the {role}"] = str(browser.session.session_key)
    planted.canaries["refresh token"] = "canary-of-the-refresh-token"
    _sign_in_at_workos(planted.browsers["super admin"], "canary-of-the-refresh-token")
    return planted


def _secret_settings() -> list[str]:
    return [setting.key for setting in schema.settings.values() if setting.is_secret]


def _keys() -> dict[str, str | bytes]:
    keyring = install_keyring.get_keyring()
    return {
        "key file": settings.INSTANCE.key_file.read_text().strip(),
        "data key": keyring.newest.exposed(),
        "SECRET_KEY": secret_key._derived(keyring.newest),
    }


def _people() -> dict[str, Client]:
    owner = User.objects.get(email=ADMIN)
    member = User.objects.create_user("member@example.com", PASSWORD)
    staff = User.objects.create_user(STAFF, PASSWORD, is_staff_member=True)
    Group.objects.create(name="editors")
    people = {"stranger": None, "member": member, "staff": staff, "super admin": owner}
    return {role: _browser(person) for role, person in people.items()}


def permit_everything_to_staff() -> None:
    """Give the staff member all permissions. Their numbers differ between the tests of a process."""
    User.objects.get(email=STAFF).user_permissions.set(Permission.objects.all())


def _browser(person: User | None = None, cookies: SimpleCookie | None = None) -> Client:
    client = Client(raise_request_exception=False, **SERVER)
    client.cookies.update(cookies or {})
    if person is not None:
        client.force_login(person)
    return client


def _sign_in_at_workos(browser: Client, refresh_token: str) -> None:
    session: Any = browser.session
    WorkOSSession.objects.create(
        session_id=session.session_key,
        user=User.objects.get(email=ADMIN),
        sid="session_01",
        refresh_token=sealed_tokens.seal(Secret(refresh_token), get_config()),
        fresh_until=dt.datetime.now(dt.UTC) + dt.timedelta(days=1),
    )
