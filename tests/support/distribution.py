"""Distribute the tests over several processes: each module or group as a whole, and the longest first.

Otherwise, each process would start the hub or the servers that the tests of a module share. If a long module
came last, all processes but one would be idle meanwhile. Tests have the mark ``xdist_group`` if they share
more than their module does (a browser takes long to start), or if each of them needs a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

STARTS_PROCESSES = {"HubProcess", "ForeignProject"}
"""Classes that start processes; a module that uses one of them takes longer than others."""


class ByModule(LoadGroupScheduling):
    """Gives a process all tests of a module, or of a group."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if scope == nodeid else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """Return the scheduler; it keeps the order of the tests."""
    config.option.loadscopereorder = False
    return ByModule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Sort the tests after all other plugins have changed their order."""
    yield
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Return when it is a test's turn: groups first, then modules that start processes."""
    if item.get_closest_marker("xdist_group"):
        return 0
    module = getattr(item, "module", None)
    return 2 if STARTS_PROCESSES.isdisjoint(vars(module)) else 1
