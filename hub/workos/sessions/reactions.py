"""The hooks that adapt WorkOS sessions to a changed configuration."""

from __future__ import annotations

from config_app.live.hooks import on_change
from config_app.store.forking import no_fork
from hub.runtime_config import RuntimeConfig
from hub.workos.remote import outage
from hub.workos.sessions.sealed_tokens import PASSWORD


@on_change(PASSWORD)
def reseal_tokens(_old: RuntimeConfig, new: RuntimeConfig) -> None:
    """Encrypt all refresh tokens with the new cookie password.

    Several processes can run this hook at the same time.
    """
    if new.workos_cookie_password is None:
        return
    with no_fork:  # a child that is forked during an import would keep a half-loaded module
        from config_app.propagation.sources import using_database
        from hub.models import WorkOSSession
        from hub.workos.sessions.sealed_tokens import reseal

    with using_database():
        for row in WorkOSSession.objects.only("refresh_token").iterator():
            if (text := reseal(row.refresh_token, new)) is not None:
                # Do not overwrite a newer token, if another process has refreshed the session meanwhile.
                mine = WorkOSSession.objects.filter(pk=row.pk, refresh_token=row.refresh_token)
                mine.update(refresh_token=text)


@on_change("workos_client_id", "workos_api_key", "workos_authkit_domain")
def try_new_credentials(_old: RuntimeConfig, _new: RuntimeConfig) -> None:
    """Forget failures with the old credentials, so that the new credentials are used immediately."""
    outage.forget()
