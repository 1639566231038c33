"""The stored rows and the runtime config, read once for each page."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from config_app.change.adoption import adopt_now
from config_app.declaration.schema import Schema, Setting
from config_app.live import pinning
from config_app.live.resolution import Resolution, refusal_problems
from config_app.live.snapshot import Known, read_known
from config_app.problems import Problem
from config_app.project import get_project, get_schema
from config_app.propagation.sources import hindrances
from config_app.store import Stored


@dataclasses.dataclass(frozen=True)
class Current:
    """The stored rows, read in one SQL statement, and the runtime config that results from them."""

    schema: Schema[Any]
    stored: Stored
    resolution: Resolution[Any]

    @property
    def known(self) -> Known[Any]:
        """Return the rows and the runtime config, in the form that ``plan`` accepts as ``known``."""
        return Known(self.stored, self.resolution)

    @property
    def revision(self) -> int:
        """Return the number of the newest revision."""
        return self.stored.revision

    def value(self, key: str) -> Any:
        """Return the current value of the setting ``key``."""
        return self.schema.value(self.resolution.config, key)

    def values(self) -> Mapping[str, Any]:
        """Return a mapping from the key of each setting to the current value of the setting."""
        return self.schema.values(self.resolution.config)

    @functools.cached_property
    def stored_problems(self) -> list[Problem]:
        """Return the problems of stored values, and of values that an import refused."""
        return [*self.resolution.problems, *refusal_problems(self.schema, self.resolution)]

    @property
    def refused(self) -> set[str]:
        """Return the keys of all settings that have a problem in ``stored_problems``."""
        return {key for problem in self.stored_problems for key in problem.keys}

    def problems(self) -> list[Problem]:
        """Return every problem that needs a person's attention."""
        config, project = self.resolution.config, get_project()
        found = [*project.problems(config), *project.findings(config), *project.drift(config)]
        return [*self.stored_problems, *hindrances(), *found]

    def changeable(self, user: Any) -> list[Setting]:
        """Return the settings that ``user`` may change in the browser.

        This does not check whether ``user`` may change the configuration at all.
        """
        project = get_project()
        return [s for s in self.schema.settings.values() if s.in_editor and project.may_change(user, s)]


def read_current(*, adopting: bool = False) -> Current:
    """Read the configuration from the database. Pin it to the current request, and return a ``Current``.

    If ``adopting`` is true and raw SQL has changed the rows, first record these changes as a revision.
    """
    known = read_known()
    if adopting and known.stored.drifted:
        adopt_now()
        known = read_known()
    current = Current(get_schema(), known.stored, known.resolution)
    pinning.see(current.resolution.config, current.revision)
    return current
