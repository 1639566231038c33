"""Check the addresses at which people reach the hub."""

from __future__ import annotations

import socket

from django.http.request import validate_host

from config_app.errors import ConfigError
from config_app.fields.hosts import in_brackets
from config_app.fields.origins import parse_url
from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from hub import findings
from hub.logs import proxy_notes
from hub.logs.request_notes import Note, recent
from hub.middleware.hosts import REFUSED_HOST, how_to_accept, own_hosts
from hub.network.addresses import listener_in_use, origin
from hub.runtime_config import RuntimeConfig
from hub.serving.listen_address import listener as address
from hub.serving.listen_address import probe

MOST_REFUSED = 3
"""The doctor names at most this many refused hosts, the newest ones."""


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
    """Report the host names that the hub accepts, and names that it has refused in the last minutes."""
    config: RuntimeConfig = overview.config
    names = list(dict.fromkeys(own_hosts(config)))
    notes = [note for note in recent(REFUSED_HOST) if not validate_host(_host(note), names)]
    refused = tuple(_refused(note, config) for note in notes[-MOST_REFUSED:])
    return Finding(f"accepts {', '.join(names)} and the addresses of this machine", refused)


def _host(note: Note) -> str:
    url = parse_url(note.subject)
    return in_brackets(url.host) if url else note.subject


def _refused(note: Note, config: RuntimeConfig) -> Problem:
    # The subject is a whole origin if an untrusted proxy has forwarded the request.
    is_origin = parse_url(note.subject) is not None
    proxies = proxy_notes.ignored(config) if is_origin else []
    return Problem(
        code=REFUSED_HOST,
        message=f"requests for {note.subject} are refused ({note.last_seen})",
        fix=how_to_accept(
            _host(note),
            config,
            proxies[0] if len(proxies) == 1 else "",
            note.subject if is_origin and not config.public_url else "",
        ),
        keys=("allowed_hosts", "public_url"),
    )
