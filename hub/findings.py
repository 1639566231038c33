"""The findings: what needs attention in a valid configuration.

Every place that warns people uses this list: the dashboard, the editor and its reviews, ``config set``,
``config show``, ``config doctor`` and ``check --deploy``.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from config_app.errors import DatabaseUnavailable
from config_app.fields.hosts import is_loopback
from config_app.problems import Problem
from config_app.propagation import receipts
from config_app.store.failures import database_errors
from hub.logs import proxy_notes
from hub.models import User
from hub.people.accounts import MAKE_ACCOUNT
from hub.runtime_config import LOCAL, RuntimeConfig, is_configured

People = Sequence[User]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# RFC 5737, RFC 3849 and RFC 9637
FOR_EXAMPLES: tuple[Network, ...] = (
    ipaddress.IPv4Network("192.0.2.0/24"),
    ipaddress.IPv4Network("198.51.100.0/24"),
    ipaddress.IPv4Network("203.0.113.0/24"),
    ipaddress.IPv6Network("2001:db8::/32"),
    ipaddress.IPv6Network("3fff::/20"),
)
"""The networks whose addresses appear only in documents."""
UNPIN = (
    "put a proxy with https in front, and start the hub with --bind and an address that only the proxy can "
    "reach, such as 127.0.0.1:8884 (in a container, publish the port only there: -p 127.0.0.1:8884:8884)"
)
"""The fix if the address is pinned. Changing the setting would have no effect."""
MOST_NAMES = 3
"""A finding names at most this many accounts."""


def findings(config: RuntimeConfig) -> list[Problem]:
    """Return all findings about ``config``. If the database does not answer, leave out the accounts."""
    found = list(transport(config))
    with contextlib.suppress(DatabaseUnavailable), database_errors():
        people = _people(config)
        found += [*super_admins(config, people), *local_administrator(config, people)]
    return found


def transport(config: RuntimeConfig) -> Iterator[Problem]:
    """Yield the findings about https, HSTS and proxies."""
    yield from _of_https(config) if config.public_url.startswith("https://") else _of_http(config)
    if any(network.prefixlen == 0 for network in config.trusted_proxies):
        yield Problem(
            code="hub.W005",
            message="trusted_proxies contains every address, so anyone can forge the client address of a "
            "request",
            fix="run manage.py config set trusted_proxies with the addresses of your own proxies only",
            keys=("trusted_proxies",),
        )
    if examples := [network for network in config.trusted_proxies if _is_for_examples(network)]:
        yield Problem(
            code="hub.W014",
            message=f"trusted_proxies contains {', '.join(map(str, examples))}, which is only for examples "
            "in documents, so no proxy has this address",
            fix="run manage.py config set trusted_proxies with the address of your own proxy; the log and "
            "manage.py config doctor name this address",
            keys=("trusted_proxies",),
        )
    yield from proxy_notes.problems(config)


def _is_for_examples(network: Network) -> bool:
    same_version = (each for each in FOR_EXAMPLES if network.version == each.version)
    return any(network.subnet_of(each) for each in same_version)  # type: ignore[arg-type]  # the versions agree


def _of_https(config: RuntimeConfig) -> Iterator[Problem]:
    if not config.enable_hsts:
        yield Problem(
            code="hub.W001",
            message="enable_hsts is off although public_url is https",
            fix="run manage.py config set enable_hsts true when https works reliably",
            keys=("enable_hsts",),
        )
    if not config.trusted_proxies:
        yield Problem(
            code="hub.W002",
            message="public_url is https but trusted_proxies is empty, so no request counts as https: "
            "cookies are not Secure, and the HSTS header is never sent",
            fix="run manage.py config set trusted_proxies with the address of the https proxy",
            keys=("trusted_proxies",),
        )
    yield from _of_listener(
        config,
        code="hub.W006",
        consequence="lets other machines bypass the https proxy and connect without https",
        fix="run manage.py config set bind_address with an address that only the proxy can reach",
    )


def _of_http(config: RuntimeConfig) -> Iterator[Problem]:
    yield from _of_listener(
        config,
        code="hub.W003",
        consequence="lets other machines connect, and public_url is not https: passwords are sent without "
        "encryption",
        fix="put a proxy with https in front, or run manage.py config set bind_address 127.0.0.1",
    )
    if config.enable_hsts and not config.trusted_proxies:
        yield Problem(
            code="hub.W004",
            message="enable_hsts is on but trusted_proxies is empty, so no request counts as https: the HSTS "
            "header is never sent",
            fix="set public_url and trusted_proxies for the https proxy, or switch enable_hsts off",
            keys=("enable_hsts",),
        )


def _of_listener(config: RuntimeConfig, *, code: str, consequence: str, fix: str) -> Iterator[Problem]:
    """Yield a finding for each address in use that other machines can reach.

    If the command line or systemd pins the address of a running hub, its ``bind_address`` has no effect.
    """
    pins = _pins_of_masters()
    if not is_loopback(config.host) and (not pins or any("bind_address" not in each for each in pins)):
        yield Problem(code=code, message=f"bind_address {consequence}", fix=fix, keys=("bind_address",))
    for host in sorted({each["bind_address"] for each in pins if "bind_address" in each}):
        if not is_loopback(host):
            message = f"bind_address is pinned to {host} for the running hub, which {consequence}"
            yield Problem(code=code, message=message, fix=UNPIN, keys=("bind_address",))


def _pins_of_masters() -> list[dict[str, str]]:
    """Return the pinned settings of each running master. If the database does not answer, return none."""
    # The doctor and the other commands are processes without pins, so only the receipts know the pins.
    with contextlib.suppress(DatabaseUnavailable):
        return [process.pins for process in receipts.running() if process.role == "master"]
    return []


def super_admins(config: RuntimeConfig, people: People | None = None) -> Iterator[Problem]:
    """Yield a finding if no super admin can sign in, or if some of them have no usable account."""
    if not is_configured(config):
        return
    able = able_super_admins(config, people)
    missing = [email for email in config.super_admin_emails if email not in able]
    if not able:
        yield _none_of_them(config)
    elif missing and config.app_mode == LOCAL:
        yield Problem(
            code="super_admin_without_account",
            message=f"super_admin_emails lists {_named(missing)}, without an active account with a password",
            fix=f"{MAKE_ACCOUNT}; or remove the address from super_admin_emails",
            keys=("super_admin_emails",),
        )


def able_super_admins(config: RuntimeConfig, people: People | None = None) -> set[str]:
    """Return the addresses of the super admins who can sign in now, in the current ``app_mode``."""
    people = _people(config) if people is None else people
    listed = [user for user in people if user.email in config.super_admin_emails]
    if config.app_mode == LOCAL:
        return {user.email for user in listed if user.has_usable_password()}
    return {user.email for user in listed if user.workos_user_id is not None and user.email_verified}


def _people(config: RuntimeConfig) -> People:
    """Return the active accounts of the super admins and of the local administrator."""
    return list(
        User.objects.filter(
            email__in=[*config.super_admin_emails, config.local_admin_email or ""], is_active=True
        )
    )


def _none_of_them(config: RuntimeConfig) -> Problem:
    if config.app_mode == LOCAL:
        message, fix = "no super admin has an active account with a password", MAKE_ACCOUNT
    else:
        message = "no super admin has signed in through WorkOS yet"
        fix = "sign in with an address in super_admin_emails, or run manage.py config set app_mode local"
    severity = "error" if config.app_mode == LOCAL else "warning"
    return Problem(
        code="no_administrator", message=message, fix=fix, keys=("super_admin_emails",), severity=severity
    )


def _named(emails: Iterable[str]) -> str:
    """Return the first addresses, and how many more there are."""
    first, more = list(emails)[:MOST_NAMES], len(list(emails)) - MOST_NAMES
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def local_administrator(config: RuntimeConfig, people: People | None = None) -> Iterator[Problem]:
    """Yield a finding if ``local_admin_email`` names no active account. This account claimed the hub."""
    people = _people(config) if people is None else people
    if config.local_admin_email not in {None, *(user.email for user in people)}:
        yield Problem(
            code="local_admin_gone",
            message="local_admin_email names no active account",
            fix="run manage.py config set local_admin_email ADDRESS, or activate that account",
            keys=("local_admin_email",),
        )
