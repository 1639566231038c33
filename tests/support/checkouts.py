"""A checkout of the hub, with its `.env` and instance.json, to resolve instances in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from config_app.errors import ConfigError
from hub.environment.instance import Instance, ensure_data_dir, remember_database, resolve_instance

CANARY = "canary-f00d"


@dataclass
class Place:
    """A checkout of the hub to resolve instances in."""

    base: Path

    def resolve(self, **environ: str) -> Instance:
        return resolve_instance(environ, self.base)

    def refusal(self, **environ: str) -> str:
        """Resolve an instance that must be refused; return the error, one line that repeats no value."""
        with pytest.raises(ConfigError) as refused:
            self.resolve(**environ)
        assert "\n" not in str(refused.value)
        assert CANARY not in str(refused.value)
        return str(refused.value)

    def write_env(self, content: str) -> None:
        (self.base / ".env").write_text(content)

    def write_memory(self, content: str | Mapping[str, str | None]) -> None:
        (self.base / "data").mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (self.base / "data" / "instance.json").write_text(text)

    def finish_first_start(self, instance: Instance) -> None:
        ensure_data_dir(instance.data_dir)
        remember_database(instance)
