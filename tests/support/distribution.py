"""Distribute the tests over several processes: each module as a whole, and the longest modules first.

Otherwise, each process would start the hub or the servers that the tests of a module share. If a long module
came last, all processes but one would be idle meanwhile. All modules that use a browser stay together, since
a browser takes long to start. A test that takes half an hour in ``make soak`` is a unit of its own.

The marks of pytest-xdist for groups have no effect since pytest 9.2, so the names of the modules decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = "_browser.py"
"""How the names of modules that use a browser end."""
ALONE = "test_long_run.py"
STARTS_PROCESSES = {"HubProcess", "ForeignProject"}
"""Classes that start processes; a module that uses one of them takes longer than others."""


class ByModule(LoadScopeScheduling):
    """Gives a process all tests of a module."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module.endswith(BROWSER):
            return BROWSER
        return nodeid if module.endswith(ALONE) else module


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
    """Return when it is a test's turn: the longest ones first, then modules that start processes."""
    if "running_browser" in getattr(item, "fixturenames", ()) and not item.path.name.endswith(BROWSER):
        raise pytest.UsageError(f"{item.path} uses the browser, so its name must end with {BROWSER}")
    if item.path.name.endswith((BROWSER, ALONE)):
        return 0
    module = getattr(item, "module", None)
    return 2 if STARTS_PROCESSES.isdisjoint(vars(module)) else 1
