"""The public import path of ``Keyring``. Its code is in ``config_app.encryption.keyring``."""

from __future__ import annotations

from config_app.encryption.keyring import Keyring, MachineUnlocker, SharedUnlocker, Unlocker

__all__ = ["Keyring", "MachineUnlocker", "SharedUnlocker", "Unlocker"]
