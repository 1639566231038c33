"""Find out which user sent a request. A session is valid only in the mode in which it began."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from config_app.live import runtime
from hub.auth import proof, session_origin
from hub.models import User, WorkOSSession
from hub.runtime_config import WORKOS, RuntimeConfig
from hub.workos.remote.grants import Grant
from hub.workos.sessions import revocations
from hub.workos.sessions.refreshing import facts, is_due, refresh


def establish(request: HttpRequest, user: User, grant: Grant, config: RuntimeConfig) -> None:
    """Start a new session in which ``user`` is signed in."""
    columns = facts(grant, config)
    request.session.flush()
    login(request, user)
    session_origin.note_workos(request)
    _keep(request, user, grant, columns)
    request.session.clear_expired()


def renew(request: HttpRequest, user: User, grant: Grant, config: RuntimeConfig) -> None:
    """Continue the session after ``user`` has signed in again. The session gets a new session key."""
    columns = facts(grant, config)
    # Do not start a new session: forms that are open in another tab must stay valid.
    request.session.cycle_key()
    _keep(request, user, grant, columns)


def _keep(request: HttpRequest, user: User, grant: Grant, columns: dict[str, Any]) -> None:
    proof.note(request.session, grant.auth_age)
    request.session.save()
    WorkOSSession.objects.create(session_id=str(request.session.session_key), user=user, **columns)


def current_user(request: HttpRequest, user: User | AnonymousUser) -> User | AnonymousUser:
    """Return ``user`` if the session of the request is valid.

    ``user`` is the user whom the session names. If the session is not valid, delete its data and return an
    anonymous user.
    """
    if not isinstance(user, User):
        return user
    config: RuntimeConfig = runtime.current()
    is_workos = session_origin.is_at_workos(request)
    if is_workos != (config.app_mode == WORKOS):
        vouched = None  # the session began in another mode
    else:
        vouched = _check_workos_session(request, user, config) if is_workos else user
    if vouched is None:
        request.session.flush()
        return AnonymousUser()
    vouched.config = config
    return vouched


def _check_workos_session(request: HttpRequest, user: User, config: RuntimeConfig) -> User | None:
    """If the access token has expired, refresh the session. Return ``user`` with the session's rights.

    Return ``None`` if WorkOS has ended the session, or if the session's organization is not admitted.
    """
    revocations.follow(config)
    row = find(request)
    if row is not None and is_due(row):
        row = refresh(row, config)
        user = User.objects.get(pk=user.pk)
    if row is None or row.user_id != user.pk or not is_admitted(row.organization_id, config):
        return None
    user.is_impersonated, user.workos_roles = row.is_impersonated, tuple(row.roles)
    return user


def find(request: HttpRequest) -> WorkOSSession | None:
    """Return the stored WorkOS session of the browser that sent the request.

    Return ``None`` if there is no such session.
    """
    return WorkOSSession.objects.filter(session_id=request.session.session_key or "").first()


def is_admitted(organization_id: str, config: RuntimeConfig) -> bool:
    """Return whether people of the organization ``organization_id`` are allowed to use the hub.

    If ``workos_organization_id`` is not set, people of every organization are allowed to use the hub.
    """
    return config.workos_organization_id in {None, organization_id}
