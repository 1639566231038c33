"""Deployment checks of the runtime config. These checks replace Django's checks of static settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from config_app.errors import ConfigError
from config_app.fields.hosts import is_loopback
from config_app.problems import runnable
from hub.runtime_config import RuntimeConfig, get_config


def register_all() -> None:
    """Register the checks of this module."""
    register(check_transport, Tags.security, deploy=True)


def check_transport(**_options: Any) -> list[CheckMessage]:
    """Return a warning for each setting that lets passwords or cookies travel without https."""
    try:
        config = get_config()
    except ConfigError:
        return []  # the install was never started, so it has no configuration yet
    messages = transport_messages(config)
    for message in messages:
        message.hint = runnable(message.hint or "")
    return messages


def transport_messages(config: RuntimeConfig) -> list[CheckMessage]:
    """Return the warnings about https, HSTS and proxies for ``config``."""
    is_https = config.public_url.startswith("https://")
    return [*(_check_https(config) if is_https else _check_http(config)), *_check_proxies(config)]


def _check_https(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if not config.enable_hsts:
        yield Warning(
            "enable_hsts is off although public_url is https",
            hint="run manage.py config set enable_hsts true when https works reliably",
            id="hub.W001",
        )
    if not config.trusted_proxies:
        yield Warning(
            "public_url is https but trusted_proxies is empty, so no request counts as https: "
            "cookies are not Secure, and the HSTS header is never sent",
            hint="run manage.py config set trusted_proxies with the address of the https proxy",
            id="hub.W002",
        )
    if not is_loopback(config.host):
        yield Warning(
            "bind_address lets other machines bypass the https proxy and connect without https",
            hint="run manage.py config set bind_address with an address that only the proxy can reach",
            id="hub.W006",
        )


def _check_http(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if not is_loopback(config.host):
        yield Warning(
            "bind_address lets other machines connect, and public_url is not https: "
            "passwords are sent without encryption",
            hint="put a proxy with https in front, or run manage.py config set bind_address 127.0.0.1",
            id="hub.W003",
        )
    if config.enable_hsts and not config.trusted_proxies:
        yield Warning(
            "enable_hsts is on but trusted_proxies is empty, so no request counts as https: "
            "the HSTS header is never sent",
            hint="set public_url and trusted_proxies for the https proxy, or switch enable_hsts off",
            id="hub.W004",
        )


def _check_proxies(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if any(network.prefixlen == 0 for network in config.trusted_proxies):
        yield Warning(
            "trusted_proxies contains every address, so anyone can forge the client address of a request",
            hint="run manage.py config set trusted_proxies with the addresses of your own proxies only",
            id="hub.W005",
        )
