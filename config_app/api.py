"""The public functions of this app: read, plan, watch and override the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config_app.change.plan import Plan, plan
from config_app.change.rollback import plan_rollback
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.live.hooks import on_change
from config_app.live.runtime import get_config, get_snapshot, loaded, reload
from config_app.live.snapshot import Snapshot
from config_app.live.threads import to_async
from config_app.propagation.sources import using_database
from config_app.propagation.watching import start as start_watching
from config_app.propagation.watching import stop as stop_watching
from config_app.testing import override_config

__all__ = [
    "UNSET",
    "Plan",
    "Secret",
    "Snapshot",
    "aget_config",
    "aplan",
    "get_config",
    "get_snapshot",
    "on_change",
    "override_config",
    "plan",
    "plan_rollback",
    "reload_config",
    "start_watching",
    "stop_watching",
    "using_database",
]


def reload_config() -> Any:
    """Reload the configuration from the database, run the hooks and return the new runtime config."""
    return reload().config


async def aget_config(*, force_reload: bool = False) -> Any:
    """Return the current runtime config.

    With ``force_reload``, reload the configuration from the database first. The first call in a process also
    reads the database. A thread reads the database, so the event loop does not wait.
    """
    if force_reload:
        return await to_async(reload_config)()
    return get_config() if loaded() else await to_async(get_config)()


async def aplan(changes: Mapping[str, Any], base_revision: int | None = None) -> Plan:
    """Call ``plan`` in a thread and return the plan. To apply it, call its method ``aapply``."""
    return await to_async(plan)(changes, base_revision)
