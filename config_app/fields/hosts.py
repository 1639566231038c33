"""Form fields for host names, IP addresses and networks, and functions that parse them."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeAlias

from config_app.fields.base import SettingField
from config_app.fields.causes import about_host, about_network
from config_app.fields.lists import ListField

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 1123, 2.1: letters, digits and hyphens, no hyphen at either end of a label.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
# Browsers and the C library take a name that ends with a number for an IPv4 address ("127.1", "0x7f.1").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CIDR = re.compile(r"[0-9a-fA-F:.]+(?:/[0-9]{1,3})?")
IPV4_MAPPED_BITS = 96
"""The number of fixed bits at the start of an IPv4 address in IPv6 notation (RFC 4291, 2.5.5.2)."""


def parse_address(text: str) -> Address | None:
    """Return the IP address, or ``None`` if ``text`` is not valid.

    Brackets around an IPv6 address are allowed, as in a URL.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") and ":" in text else text
    if "%" in bare:  # an IPv6 zone has a meaning on one machine only
        return None
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def parse_name(text: str) -> str | None:
    """Return the host name in lower case, or ``None`` if ``text`` is not valid.

    An international name is valid only in its ``xn--`` form. A dot at the end, which marks a complete name
    such as ``www.example.com.``, is left out.
    """
    name = text.lower() if text.isascii() else ""
    if "." in name[:-1]:
        name = name.removesuffix(".")
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        return None
    return name


def parse_host(text: str) -> str | None:
    """Return the canonical host name or IP address, without brackets; ``None`` if ``text`` is neither."""
    address = parse_address(text)
    return parse_name(text) if address is None else str(address)


def in_brackets(host: str) -> str:
    """Return ``host`` as in a URL or a Host header. Only an IPv6 address gets brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Return whether a canonical host always means this machine (for names, see RFC 6761, 6.3)."""
    address = parse_address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


class HostField(SettingField[str]):
    """A field for an IP address or host name. In the value, an IPv6 address has no brackets."""

    expected = (
        "an IP address or host name without scheme or port, such as 0.0.0.0, 127.0.0.1 or www.example.com"
    )

    def parse(self, text: str) -> str:
        """Return the host in its canonical form."""
        host = parse_host(text)
        if host is None:
            raise self.refusal()
        return host

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not a host."""
        if text == "*":
            return "0.0.0.0 means all IPv4 addresses of this machine"
        return super().hint(text) or about_host(text)


class HostListField(ListField[str]):
    """A field for hosts as in Django's ``ALLOWED_HOSTS``.

    IPv6 addresses are in brackets, and ``.name`` means a domain with all its subdomains.
    """

    expected = (
        "host names or IP addresses without scheme or port, such as www.example.com, "
        "or .example.com for a domain with all its subdomains"
    )

    def parse_entry(self, text: str) -> str | None:
        """Return a canonical host or ``.domain``. Return ``None`` if ``text`` is not valid."""
        if text.startswith("."):
            domain = parse_name(text[1:])
            return None if domain is None else f".{domain}"
        host = parse_host(text)
        return None if host is None else in_brackets(host)

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not a host."""
        if text == "*":
            return "* would turn off the check of the Host header, so name each host"
        if text.startswith("*."):
            return "a domain with its subdomains starts with a dot, not with *"
        return super().hint(text) or about_host(text)


class CidrListField(ListField[Network]):
    """A field for networks and IP addresses. The value is a tuple of network objects of ``ipaddress``."""

    expected = "IP addresses or networks in CIDR notation, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8"
    entry_types = (str, ipaddress.IPv4Network, ipaddress.IPv6Network)

    def parse_entry(self, text: str) -> Network | None:
        """Return the network, or ``None`` if ``text`` is not valid.

        If ``text`` is a single address, the network contains only this address.
        """
        return _network(text, strict=True)

    def hint(self, text: str) -> str:
        """Return a hint that says why ``text`` is not a network."""
        # A text such as 10.0.0.5/8 could mean the address or the whole network, so it is refused.
        if network := _network(text, strict=False):
            return f"a network has only zeros after its prefix, so write {network}"
        return super().hint(text) or about_network(text)


def _network(text: str, *, strict: bool) -> Network | None:
    if not _CIDR.fullmatch(text):
        return None
    try:
        return _mapped(ipaddress.ip_network(text, strict=strict))
    except ValueError:
        return None


def _mapped(network: Network) -> Network:
    """If ``network`` is an IPv4 network in IPv6 notation, return the IPv4 network.

    An example is ::ffff:10.0.0.0/104. Return any other network unchanged.
    """
    # The addresses of clients are compared as IPv4 addresses, so the IPv6 network would contain none of them.
    first = network.network_address
    if not isinstance(first, ipaddress.IPv6Address) or first.ipv4_mapped is None:
        return network
    return ipaddress.IPv4Network((first.ipv4_mapped, network.prefixlen - IPV4_MAPPED_BITS))
