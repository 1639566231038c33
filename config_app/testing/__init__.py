"""Tools for the tests of a project: they replace values of settings, and reset the process state."""

from __future__ import annotations

from config_app.store.process import process
from config_app.testing.overrides import override_config

__all__ = ["override_config", "reset_process"]

reset_process = process.reset
"""Forgets everything that this process knows about the configuration, as if the process had just started."""
