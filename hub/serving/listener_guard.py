"""Refuse a change of the address if the hub on this machine cannot listen on the new address."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from config_app.errors import RuleViolation
from config_app.propagation import receipts
from hub.serving import port_holders
from hub.serving.listen_address import (
    ALWAYS_WORK,
    FIRST_UNPRIVILEGED,
    address_of,
    explain,
    free_ports,
    in_words,
    is_forbidden,
    is_foreign,
    obstacle,
)

if TYPE_CHECKING:
    from hub.runtime_config import RuntimeConfig

BIND_SERVICE = 10
"""The number of the bit of CAP_NET_BIND_SERVICE, the capability to listen on low ports (capabilities(7))."""


def listener_can_be_had(before: RuntimeConfig, after: RuntimeConfig) -> Iterable[RuleViolation]:
    """Yield a violation if the hub on this machine cannot listen on the new address.

    If the address does not change, check nothing.
    """
    if (before.host, before.port) != (after.host, after.port):
        yield from what_keeps_from(after)


def what_keeps_from(config: RuntimeConfig) -> Iterable[RuleViolation]:
    """Yield a violation if the hub on this machine cannot listen on the address in ``config``.

    Check nothing if no hub runs on this machine, or if the hub's command line pins the listener. In these
    cases, ``manage.py serve`` checks the address when the hub starts.

    Three cases cannot be checked: a hub on another machine, an address that was written in SQL, and an
    address that another program begins to use before the hub moves. If the hub cannot listen in such a case,
    the hub keeps its old address and records the reason in its receipt.
    """
    hubs = [process for process in receipts.running() if process.machine == socket.gethostname()]
    followers = [process for process in hubs if process.role == "master" and "port" not in process.pins]
    if not followers:
        return
    error = _obstacle(config.host, config.port, followers[0].pid, {process.pid for process in hubs})
    if error is not None:
        yield RuleViolation(_keys(error), explain(config.host, config.port, error), _fix(config, error))


def _obstacle(host: str, port: int, master: int, hubs: set[int]) -> OSError | None:
    """Return the error that prevents the hub from listening on the address.

    Return ``None`` if the hub can listen. ``master`` is the pid of the hub's master. ``hubs`` is the set of
    the pids of all processes of the hub on this machine.
    """
    if _is_forbidden_to(master, port):
        return PermissionError(errno.EACCES, "Permission denied")
    error = obstacle(host, port)
    if error is not None and is_forbidden(error):  # to this process, but not to the master
        return None
    if error is not None and error.errno == errno.EADDRINUSE and _is_own(host, port, master, hubs):
        return None
    return error


def _is_forbidden_to(pid: int, port: int) -> bool:
    """Return whether ``port`` is a low port on which the process ``pid`` is not permitted to listen."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        first = int((port_holders.PROC / "sys/net/ipv4/ip_unprivileged_port_start").read_text())
        return port < first and not _capabilities(port_holders.PROC / str(pid) / "status") >> BIND_SERVICE & 1
    return False


def _capabilities(status: Path) -> int:
    lines = status.read_text().splitlines()
    return int(next(line for line in lines if line.startswith("CapEff:")).split()[1], 16)


def _is_own(host: str, port: int, master: int, hubs: set[int]) -> bool:
    """Return whether all sockets that occupy the address belong to the hub.

    Return ``False`` if no socket occupies the address.
    """
    found = port_holders.in_the_way(*address_of(host, port))
    return bool(found) and all(_is_of(listening, master, hubs) for listening in found)


def _is_of(listening: port_holders.Listening, master: int, hubs: set[int]) -> bool:
    pids = {program.pid for program in port_holders.programs({listening.inode})}
    # If this user may not see which process has the socket, compare the owners.
    return bool(pids & hubs) if pids else listening.user == port_holders.user_of(master)


def _keys(error: OSError) -> tuple[str, ...]:
    return ("bind_address",) if is_foreign(error) else ("port",)


def _fix(config: RuntimeConfig, error: OSError) -> str:
    if is_foreign(error):
        return ALWAYS_WORK
    free = free_ports(config.host, config.port)
    return f"{in_words(free)} free" if free else f"use another port, {FIRST_UNPRIVILEGED} or higher"
