"""The network step of the setup wizard: suggested values, and errors for addresses that cannot be used."""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

from config_app.fields.hosts import is_loopback
from config_app.propagation import receipts
from hub.network import addresses
from hub.runtime_config import RuntimeConfig, schema
from hub.serving.listen_address import explain, obstacle
from hub.serving.listener_guard import listener_can_be_had

LISTENER = frozenset({"bind_address", "port"})


def listener_refusals(values: Mapping[str, Any], config: RuntimeConfig) -> dict[str, str]:
    """Return a dict that maps keys of settings to error messages.

    The dict is empty if this machine can listen on the address and port in ``values``.
    """
    wanted = dataclasses.replace(config, host=values["bind_address"], port=values["port"])
    found = listener_can_be_had(config, wanted)
    return {error.keys[0]: str(error).removeprefix(f"{error.keys[0]}: ") for error in found}


def listener_in_use() -> dict[str, Any]:
    """Return the pinned address of the running hub: a dict with ``bind_address`` and ``port``.

    The dict is empty if the port is not pinned.
    """
    pinned = addresses.listener_in_use()
    return {key: schema[key].parse(text) for key, text in pinned.items() if key in LISTENER}


def stranger_at_address(config: RuntimeConfig) -> str:
    """Return a warning if no process of this hub runs, but another program listens at its address.

    Otherwise return ``""``.
    """
    if any(receipts.running()):
        return ""
    error = obstacle(config.host, config.port)
    if error is None or error.errno != errno.EADDRINUSE:
        return ""
    return (
        f"{explain(config.host, config.port, error)}, but the hub in {settings.INSTANCE.data_dir} does not "
        'run; for the link of a running hub, use the command in the line "Commands for this hub" of its log'
    )


def host_name(request: HttpRequest) -> str:
    """Return the host name or the IP address in the browser's address bar, without brackets and port."""
    return split_domain_port(request.get_host())[0].strip("[]")


def suggested_public_url(request: HttpRequest, config: RuntimeConfig) -> dict[str, str]:
    """Return a dict with a suggestion for ``public_url``: the origin in the browser's address bar.

    The dict is empty if ``config`` has a public URL, or if the browser uses a loopback address or the bind
    address.
    """
    if config.public_url:
        return {}
    host = host_name(request)
    if is_loopback(host) or host == config.host:
        return {}
    return {"public_url": f"{request.scheme}://{request.get_host()}"}
