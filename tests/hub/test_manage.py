"""``manage.py`` collects the garbage of a command without looking at imported modules."""

from __future__ import annotations

from tests.support.processes.hub_process import HubProcess

COLLECTOR = "import gc; print(gc.isenabled(), gc.get_freeze_count() > len(gc.get_objects()))"


def test_a_command_collects_its_own_garbage_and_never_looks_at_what_was_imported(
    hub_process: HubProcess,
) -> None:
    assert hub_process.manage("shell", "-v", "0", "-c", COLLECTOR).split() == ["True", "True"]
