"""The hub's schema with many additional settings, to test what depends on their number."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from django.test import override_settings

from config_app import fields
from config_app.declaration.schema import Schema
from config_app.declaration.setting import Section, setting
from config_app.project import Project, get_project
from config_app.testing import reset_process
from hub.configuration import rules
from hub.project import HubProject
from hub.runtime_config import RuntimeConfig
from tests.support.declarations import small

MANY = Section(key="many", title="Many", description="Settings that nobody needs.")


def _config_class(count: int) -> type[RuntimeConfig]:
    declared = [
        (
            f"extra_{n}",
            int,
            setting(
                n, section=MANY, label=f"Extra {n}", field=fields.IntegerRangeField(0, 9999), help="A number."
            ),
        )
        for n in range(count)
    ]
    return dataclasses.make_dataclass(
        "GeneratedConfig", declared, bases=(RuntimeConfig,), frozen=True, slots=True, kw_only=True
    )


class Few(HubProject):
    """The hub with 20 further settings."""

    schema = Schema(_config_class(20), rules=rules.RULES, guards=rules.GUARDS)


class Many(HubProject):
    """The hub with 300 further settings."""

    schema = Schema(_config_class(300), rules=rules.RULES, guards=rules.GUARDS)


class Small(Project):
    """A project that declares no ``summary``."""

    schema = small()


@contextlib.contextmanager
def project(name: str) -> Iterator[None]:
    """Let the engine serve another project within the block."""
    with override_settings(CONFIG_APP={"PROJECT": f"tests.support.generated_schema.{name}"}):
        get_project.cache_clear()
        reset_process()
        try:
            yield
        finally:
            get_project.cache_clear()
            reset_process()
