"""The credentials for WorkOS. They come from the configuration, never from the environment."""

from __future__ import annotations

import dataclasses

from django.conf import settings

from config_app.declaration.secret import Secret
from hub.runtime_config import RuntimeConfig
from hub.workos.remote.errors import CredentialsRefused


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of one WorkOS environment."""

    client_id: str
    api_key: Secret
    authkit_domain: str | None = None

    @property
    def issuers(self) -> tuple[str, ...]:
        """Return the values that the hub accepts as the issuer of an access token."""
        # The issuer is WorkOS's API or the AuthKit domain, with or without the path of the client.
        origins = filter(None, (api_url(), self.authkit_domain))
        shapes = ("{0}", "{0}/", "{0}/user_management/{1}")
        return tuple(shape.format(origin, self.client_id) for origin in origins for shape in shapes)


def api_url() -> str:
    """Return the origin of WorkOS's API from ``settings.WORKOS_API_URL``. Only tests change this value."""
    return str(settings.WORKOS_API_URL)


def credentials_in(config: RuntimeConfig) -> Credentials:
    """Return the WorkOS credentials in a runtime config.

    Raise ``CredentialsRefused`` if the client ID or the API key is missing, or if the API key cannot be
    decrypted.
    """
    if config.workos_client_id is None or config.workos_api_key is None:
        raise CredentialsRefused(
            "workos_client_id or workos_api_key is not set, or workos_api_key cannot be decrypted"
        )
    return Credentials(
        client_id=config.workos_client_id,
        api_key=config.workos_api_key,
        authkit_domain=config.workos_authkit_domain,
    )
