"""Deployment checks on the configuration in force, in place of those that read static settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from config_app.errors import ConfigError
from config_app.fields.hosts import is_loopback
from hub.runtime_config import RuntimeConfig, get_config


def register_all() -> None:
    """Register the checks of this module."""
    register(check_transport, Tags.security, deploy=True)


def check_transport(**_options: Any) -> list[CheckMessage]:
    """Check that passwords and cookies travel by https, and that browsers stay with it."""
    try:
        config = get_config()
    except ConfigError:
        return []  # an install that has not started yet has nothing to check
    return transport_messages(config)


def transport_messages(config: RuntimeConfig) -> list[CheckMessage]:
    """Return what speaks against the way that passwords and cookies travel under ``config``."""
    is_https = config.public_url.startswith("https://")
    return [*(_check_https(config) if is_https else _check_http(config)), *_check_proxies(config)]


def _check_https(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if not config.enable_hsts:
        yield Warning(
            "enable_hsts is off although public_url is https",
            hint="run manage.py config set enable_hsts true once https works for good",
            id="hub.W001",
        )
    if not config.trusted_proxies:
        yield Warning(
            "public_url is https but trusted_proxies is empty, so no request counts as https: "
            "cookies are not Secure, and HSTS is never told",
            hint="run manage.py config set trusted_proxies with the address of the proxy that ends https",
            id="hub.W002",
        )
    if not is_loopback(config.host):
        yield Warning(
            "bind_address lets other machines in past the proxy that ends https, and nothing redirects them",
            hint="run manage.py config set bind_address with an address that only the proxy reaches",
            id="hub.W006",
        )


def _check_http(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if not is_loopback(config.host):
        yield Warning(
            "bind_address lets other machines in, and public_url is not https: passwords travel in the clear",
            hint="put a proxy with https in front, or run manage.py config set bind_address 127.0.0.1",
            id="hub.W003",
        )
    if config.enable_hsts and not config.trusted_proxies:
        yield Warning(
            "enable_hsts is on but trusted_proxies is empty: no request counts as https, so nobody is told",
            hint="set public_url and trusted_proxies to the proxy that ends https, or switch enable_hsts off",
            id="hub.W004",
        )


def _check_proxies(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if any(network.prefixlen == 0 for network in config.trusted_proxies):
        yield Warning(
            "trusted_proxies lists every address, so anyone can forge where a request comes from",
            hint="run manage.py config set trusted_proxies with the addresses of your own proxies only",
            id="hub.W005",
        )
