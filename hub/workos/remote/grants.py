"""What WorkOS grants for a code or a refresh token, checked and reduced to what the hub uses."""

from __future__ import annotations

import dataclasses
import datetime as dt

from config_app.declaration.secret import Secret


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody as WorkOS knows them; ``email`` is in the hub's one spelling."""

    workos_user_id: str
    email: str
    email_verified: bool
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A session at WorkOS, ``sid``: whose, for how long, and with which rights in which organisation.

    ``auth_age`` is how long ago the person entered credentials there, where WorkOS says so.
    """

    person: Person
    sid: str
    refresh_token: Secret
    lifetime: dt.timedelta
    auth_age: dt.timedelta | None = None
    is_impersonated: bool = False
    organization_id: str = ""
    roles: tuple[str, ...] = ()
