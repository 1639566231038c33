"""The verified parts of WorkOS's answer to an authorization code or a refresh token."""

from __future__ import annotations

import dataclasses
import datetime as dt

from config_app.declaration.secret import Secret


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of WorkOS. ``email`` is normalized. It is empty if the hub cannot use the person's address."""

    workos_user_id: str
    email: str
    email_verified: bool
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A session at WorkOS. ``sid`` is the id of the session, and ``person`` is the user of the session.

    ``lifetime`` is the time from the issue to the expiry of the access token. ``auth_age`` is the time from
    the person's last entry of credentials to the issue of the access token. ``auth_age`` is ``None`` if
    WorkOS does not say when the person entered credentials.
    """

    person: Person
    sid: str
    refresh_token: Secret
    lifetime: dt.timedelta
    auth_age: dt.timedelta | None = None
    is_impersonated: bool = False
    organization_id: str = ""
    roles: tuple[str, ...] = ()
