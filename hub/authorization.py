"""Find out from the runtime config whether an e-mail address belongs to a super admin."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from config_app.fields import canonical_email
from hub.runtime_config import RuntimeConfig, get_config


def is_super_admin(email: str | None, config: RuntimeConfig | None = None) -> bool:
    """Return whether ``super_admin_emails`` in ``config`` lists ``email``.

    If ``config`` is ``None``, use the current runtime config. The function normalizes the address, so upper
    and lower case do not matter.
    """
    address = canonical_email(email.strip()) if email else None
    return address is not None and address in (config or get_config()).super_admin_emails


async def ais_super_admin(email: str | None) -> bool:
    """Return whether ``email`` is in the ``super_admin_emails`` of the current runtime config."""
    return await sync_to_async(is_super_admin)(email)
