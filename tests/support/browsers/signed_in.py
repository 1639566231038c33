"""Browsers in which the owner of a served hub is already signed in."""

from __future__ import annotations

import secrets
import time
from weakref import WeakKeyDictionary

from playwright.sync_api import Page

from tests.support.processes.hub_process import OWNER, HubProcess

SIGN_IN = f"""
from django.test import Client
from hub.models import User

browser = Client()
browser.force_login(User.objects.get(email="{OWNER}"))
session = browser.session
session["proved_at"] -= %d
session.save()
print(session.session_key)
"""
COPY = """
INSERT INTO django_session (session_key, session_data, expire_date)
SELECT '{key}', session_data, expire_date FROM django_session WHERE session_key = '{original}'
"""
LONG_AGO = 24 * 3600
"""Seconds after a sign-in when it no longer counts as a proof of identity."""
GOOD_FOR = 60
"""Maximum age in seconds of a session that is copied; the sign-in in a copy must still count as a proof."""

_originals: WeakKeyDictionary[HubProcess, dict[int, tuple[float, str]]] = WeakKeyDictionary()


def sign_in(page: Page, hub: HubProcess, *, host: str = "127.0.0.1", ago: int = 0) -> None:
    """Sign the owner in at the hub with host name ``host``, as if that had happened ``ago`` seconds ago."""
    ((own,),) = hub.sql("SELECT config_value FROM system_config WHERE config_key = 'install_id'")
    cookie = {"name": f"sessionid-{own}", "value": new_session(hub, ago), "url": f"http://{host}:{hub.port}"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def new_session(hub: HubProcess, ago: int = 0) -> str:
    """Return the key of a new session in which the owner signed in ``ago`` seconds ago."""
    key = secrets.token_hex(16)
    hub.sql(COPY.format(key=key, original=_original(hub, ago)))
    return key


def _original(hub: HubProcess, ago: int) -> str:
    """Return the key of a session to copy; to make a new session, a process must be started."""
    originals = _originals.setdefault(hub, {})
    made_at, key = originals.get(ago, (0.0, ""))
    if not key or time.monotonic() > made_at + GOOD_FOR:
        made_at, key = time.monotonic(), hub.manage("shell", "-v", "0", "-c", SIGN_IN % ago).strip()
        originals[ago] = made_at, key
    return key
