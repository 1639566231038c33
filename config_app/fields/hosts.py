"""Hosts and networks."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeAlias

from config_app.fields.base import SettingField
from config_app.fields.lists import ListField

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 1123, 2.1: letters, digits and hyphens, no hyphen at either end of a label.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
# Browsers and the C library read a name that ends in a number as an IPv4 address ("127.1", "0x7f.1").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CIDR = re.compile(r"[0-9a-fA-F:.]+(?:/[0-9]{1,3})?")


def parse_address(text: str) -> Address | None:
    """Return the IP address, or None; IPv6 may stand in brackets, as in a URL."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") and ":" in text else text
    if "%" in bare:  # a zone means something on one machine only
        return None
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def parse_name(text: str) -> str | None:
    """Return the host name in lower case, or None; international names only in their ``xn--`` form."""
    name = text.lower() if text.isascii() else ""
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        return None
    return name


def parse_host(text: str) -> str | None:
    """Return the IP address (without brackets) or host name in its canonical form, or None."""
    address = parse_address(text)
    return parse_name(text) if address is None else str(address)


def in_brackets(host: str) -> str:
    """Return a canonical host as it stands in a URL and in a Host header."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Tell whether a canonical host is always this machine (RFC 6761, 6.3 for the names)."""
    address = parse_address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


class HostField(SettingField[str]):
    """An IP address or host name; IPv6 comes out without brackets."""

    expected = (
        "an IP address or host name without scheme or port, such as 0.0.0.0, 127.0.0.1 or www.example.com"
    )

    def parse(self, text: str) -> str:
        """Return the host in its canonical form."""
        host = parse_host(text)
        if host is None:
            raise self.refusal()
        return host


class HostListField(ListField[str]):
    """Host names as Django's ``ALLOWED_HOSTS`` takes them: IPv6 in brackets, ``.name`` for subdomains."""

    expected = (
        "host names or IP addresses without scheme or port, such as www.example.com, "
        "or .example.com for a domain with all its subdomains"
    )

    def parse_entry(self, text: str) -> str | None:
        """Return one host or domain."""
        if text.startswith("."):
            domain = parse_name(text[1:])
            return None if domain is None else f".{domain}"
        host = parse_host(text)
        return None if host is None else in_brackets(host)

    def hint(self, text: str) -> str:
        """Explain why there is no wildcard."""
        if text == "*":
            return "* would switch the check of the Host header off, so name each host"
        return "a domain with its subdomains starts with a dot, not with *" if text.startswith("*.") else ""


class CidrListField(ListField[Network]):
    """Networks and single addresses, as objects of ``ipaddress``."""

    expected = "IP addresses or networks in CIDR notation, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8"
    entry_types = (str, ipaddress.IPv4Network, ipaddress.IPv6Network)

    def parse_entry(self, text: str) -> Network | None:
        """Return one network; a single address is a network of one."""
        return _network(text, strict=True)

    def hint(self, text: str) -> str:
        """Tell a network from an address within it: only the writer knows which was meant."""
        return "" if _network(text, strict=False) is None else "a network has no bits set beyond its prefix"


def _network(text: str, *, strict: bool) -> Network | None:
    if not _CIDR.fullmatch(text):
        return None
    try:
        return ipaddress.ip_network(text, strict=strict)
    except ValueError:
        return None
