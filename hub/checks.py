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
    is_https = config.public_url.startswith("https://")
    return list(_check_https(config) if is_https else _check_http(config))


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


def _check_http(config: RuntimeConfig) -> Iterator[CheckMessage]:
    if not is_loopback(config.host):
        yield Warning(
            "bind_address lets other machines in, and public_url is not https: passwords travel in the clear",
            hint="put a proxy with https in front, or run manage.py config set bind_address 127.0.0.1",
            id="hub.W003",
        )
