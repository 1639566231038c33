"""The public import path of ``Keyring`` and the unlockers. Their code is in ``config_app.encryption``."""

from __future__ import annotations

from config_app.encryption.keyring import Keyring
from config_app.encryption.unlockers import MachineUnlocker, SharedUnlocker, Unlocker

__all__ = ["Keyring", "MachineUnlocker", "SharedUnlocker", "Unlocker"]
