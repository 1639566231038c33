"""What the tests of the shop share."""

from __future__ import annotations

pytest_plugins = ["config_app.testing.plugin"]
