"""Check the addresses at which people reach the hub."""

from __future__ import annotations

import socket

from config_app.errors import ConfigError
from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from hub import findings
from hub.middleware.hosts import own_hosts
from hub.network.addresses import listener_in_use, origin
from hub.runtime_config import RuntimeConfig
from hub.serving.listen_address import listener as address
from hub.serving.listen_address import probe


def transport(overview: Overview) -> Finding:
    """Check that passwords and cookies leave this machine only over https.

    ``manage.py check --deploy`` makes the same checks.
    """
    config: RuntimeConfig = overview.config
    hsts = "on" if config.enable_hsts else "off"
    return Finding(f"people open {origin(config)}, HSTS is {hsts}", tuple(findings.transport(config)))


def listener(overview: Overview) -> Finding:
    """Report the address of the hub on this machine.

    If no hub runs on this machine, check that a hub could listen at the configured address.
    """
    config: RuntimeConfig = overview.config
    pinned = listener_in_use()
    place = address(pinned.get("bind_address", config.host), int(pinned.get("port", config.port)))
    if any(process.machine == socket.gethostname() for process in overview.processes):
        return Finding(f"a hub on this machine listens at {place}")
    try:
        probe(config.host, config.port)
    except ConfigError as error:
        taken = Problem(code="listener", message=error.message, fix=error.fix or "", keys=error.keys)
        return Finding(f"no hub runs on this machine, and a hub could not listen at {place}", (taken,))
    return Finding(f"no hub runs on this machine; a hub could listen at {place}")


def hosts(overview: Overview) -> Finding:
    """Report the host names that the hub accepts."""
    names = dict.fromkeys(own_hosts(overview.config))
    return Finding(f"accepts {', '.join(names)} and the addresses of this machine")
