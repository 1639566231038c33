"""Remember the proxies whose forwarded headers the hub ignores, and log each of these proxies once.

Without these headers, all users behind a proxy seem to have one address and to use http. A file in the
instance directory holds the addresses, so that other processes, such as the doctor, can report them.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from config_app.encryption.private_files import replace
from config_app.problems import Problem

logger = logging.getLogger("hub")

KEEP = 600.0
"""A proxy is reported for this many seconds after its last request."""
REPEAT = 60.0
"""A process updates the file only this many seconds after its last update for the same proxy."""
MOST = 20
"""The file contains at most this many addresses."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_noted: dict[str, float] = {}
"""Maps each address to the time of this process's last update of the file."""


def note(peer: str, networks: Iterable[Network]) -> None:
    """Remember that headers from ``peer`` are ignored. ``networks`` are the trusted proxies."""
    now = time.monotonic()
    if now - _noted.get(peer, -REPEAT) < REPEAT or not _may_be_own_proxy(peer):
        return
    if len(_noted) >= MOST:
        _noted.clear()
    _noted[peer] = now
    known = _read()
    if peer not in known:
        logger.warning("%s", _problem(peer, networks))
    newest = sorted({**known, peer: time.time()}.items(), key=lambda item: item[1])[-MOST:]
    with contextlib.suppress(OSError):  # the log has a line already
        replace(_path(), json.dumps(dict(newest)).encode() + b"\n")


def _may_be_own_proxy(peer: str) -> bool:
    # Everyone on the internet can send such headers. An own proxy is on this machine or in a private network.
    return not ipaddress.ip_address(peer).is_global


def problems(networks: Iterable[Network]) -> list[Problem]:
    """Return a problem for each untrusted proxy that has sent headers in the last ``KEEP`` seconds."""
    trusted = tuple(networks)
    return [_problem(peer, trusted) for peer in _read() if not _is_in(peer, trusted)]


def _is_in(peer: str, networks: Iterable[Network]) -> bool:
    return any(ipaddress.ip_address(peer) in network for network in networks)


def _problem(peer: str, networks: Iterable[Network]) -> Problem:
    every = ",".join([*map(str, networks), peer])
    return Problem(
        code="proxy_ignored",
        message=f"forwarded headers from {peer} are ignored, because trusted_proxies lacks this address, "
        "so all users behind it share one address and one limit of failed sign-ins, and https is not seen",
        fix=f"if this is your reverse proxy, run manage.py config set trusted_proxies {every}",
        keys=("trusted_proxies",),
    )


def _read() -> dict[str, float]:
    """Return the addresses in the file, with the time of the last request. Leave out old entries."""
    try:
        found = json.loads(_path().read_bytes())
        moments = {str(ipaddress.ip_address(peer)): float(moment) for peer, moment in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
    now = time.time()
    return {peer: moment for peer, moment in moments.items() if abs(now - moment) < KEEP}


def _path() -> Path:
    return Path(settings.INSTANCE.data_dir) / "ignored-proxies.json"
