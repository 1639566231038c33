"""Ports for the servers of the tests.

A server begins to listen some time after its port was chosen. Meanwhile no other process must get that port,
so each process of pytest has ports of its own. Outgoing connections do not use these ports either: Linux
takes theirs from 32768 to 60999.
"""

from __future__ import annotations

import itertools
import os
import secrets
import socket

FIRST, END = 10_000, 32_000


def _own_ports() -> range:
    """Return the ports that belong to this process of pytest, or all ports if it is the only one."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = (END - FIRST) // processes
    return range(FIRST + number * size, FIRST + (number + 1) * size)


def _from_anywhere(ports: range) -> itertools.cycle[int]:
    """Return ``ports`` in a circle that begins at random, because two runs may share a machine."""
    start = secrets.randbelow(len(ports))
    return itertools.cycle([*ports[start:], *ports[:start]])


_ports = _from_anywhere(_own_ports())


def free_port() -> int:
    """Return a port of this machine that nothing listens on, and that was not returned for a long time."""
    return next(filter(_is_free, _ports))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
