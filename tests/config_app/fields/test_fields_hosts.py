"""Fields for hosts and networks return one canonical form and refuse everything else."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.core.exceptions import ValidationError
from django.http.request import validate_host

from config_app.fields import CidrListField, HostField, HostListField
from config_app.fields.hosts import is_loopback

NOT_HOSTS = [
    "http://hub.example.com", "hub.example.com:80", "127.0.0.1:80", "[::1]:80", "hub.example.com/",
    "user@hub", "hub example", "hub\texample", "hub\x00", "*.example.com", "a*b", "-hub", "hub-", "hub_1",
    "hub..example", "hub.", "a.b..", ".hub.", "x" * 64, ".".join(["x" * 60] * 5), "256.1.1.1", "1.2.3",
    "127.1", "2130706433", "0x7f000001", "0x7f.1", "127.0.0.01", "hub.1", "1.2.3.4.5", "[127.0.0.1]", "[::1",
    "::1]", "[[::1]]", "::1::", "fe80::1%eth0", "12345::", "bücher.example", "ｈub", "hub。example", "ſub",
    "\u212aelvin", "hub?", "hub#", "hub%41", "hub;", "'hub'", '"hub"', "[]", ":", "%",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),  # noqa: S104
        (" hub.example.com\n", "hub.example.com"),
        ("Hub.EXAMPLE.com", "hub.example.com"),
        ("hub.example.com.", "hub.example.com"),
        ("localhost", "localhost"),
        ("3com.example", "3com.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a--b", "a--b"),
        ("x" * 63, "x" * 63),
        ("::", "::"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("2001:DB8:0:0::0001", "2001:db8::1"),
    ],
)
def test_a_host_comes_out_in_its_canonical_form(text: str, host: str) -> None:
    assert HostField().clean(text) == host


@pytest.mark.parametrize(
    "text", [*NOT_HOSTS, "", "*", "a,b", "a\nb", ".example.com", "all interfaces", 7, b"hub"]
)
def test_anything_else_is_no_host(text: object) -> None:
    with pytest.raises(ValidationError, match="expected an IP address or host name without scheme or port"):
        HostField().clean(text)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("", ()),
        (" , \r\n,,\n", ()),
        ("hub.example.com", ("hub.example.com",)),
        ("b.example, A.example\r\n[::1],127.0.0.1", ("b.example", "a.example", "[::1]", "127.0.0.1")),
        ("hub\nHUB,hub", ("hub",)),
        (".Example.com", (".example.com",)),
        (".example.com.,hub.example.com.,hub.example.com", (".example.com", "hub.example.com")),
        ("::1,[0::1]", ("[::1]",)),
    ],
)
def test_a_host_list_keeps_order_and_drops_repetition(text: str, hosts: tuple[str, ...]) -> None:
    assert HostListField().clean(text) == hosts


@pytest.mark.parametrize("host", [*NOT_HOSTS, "..example.com", ".", ".1.2.3.4", "._x", "a.example b.example"])
def test_a_host_list_refuses_what_is_no_host(host: str) -> None:
    with pytest.raises(ValidationError, match="expected host names or IP addresses without scheme or port"):
        HostListField().clean(f"good.example, {host}")


def test_the_refusal_says_which_entry_is_wrong_without_repeating_it() -> None:
    with pytest.raises(ValidationError, match="; entry 3: a host name has no underscore") as caught:
        HostListField().clean("a.example,,b.example, not_a_host ,c.example")
    assert "not_a_host" not in str(caught.value)


@pytest.mark.parametrize(("text", "why"), [("*", "turn off"), ("*.example.com", "starts with a dot")])
def test_a_wildcard_host_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        HostListField().clean(text)


@pytest.mark.parametrize("host", ["hub.example.com", "deep.sub.example.org", "[::1]", "127.0.0.1"])
def test_django_accepts_the_hosts_of_the_list(host: str) -> None:
    assert validate_host(host, HostListField().clean("HUB.example.com,.example.org,::1,127.0.0.1"))


def test_a_required_list_needs_an_entry() -> None:
    with pytest.raises(ValidationError, match="expected host names"):
        HostListField(required=True).clean(" , ")


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", ()),
        ("127.0.0.1", ("127.0.0.1/32",)),
        ("::1", ("::1/128",)),
        ("10.0.0.0/8\nFD00::/8", ("10.0.0.0/8", "fd00::/8")),
        ("0.0.0.0/0", ("0.0.0.0/0",)),
        ("10.0.0.1,10.0.0.1/32", ("10.0.0.1/32",)),
    ],
)
def test_a_network_list_holds_networks(text: str, networks: tuple[str, ...]) -> None:
    assert CidrListField().clean(text) == tuple(map(ip_network, networks))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::FFFF:10.0.0.1", "10.0.0.1/32"),
        ("::ffff:a00:0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0:0/96", "::ffff:0:0:0/96"),
        ("::/0", "::/0"),
    ],
)
def test_an_ipv4_network_in_ipv6_notation_becomes_an_ipv4_network(text: str, network: str) -> None:
    assert CidrListField().clean(text) == (ip_network(network),)


@pytest.mark.parametrize(
    "text",
    [
        "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255",
        "10.0.0/8", "10/8", "010.0.0.0/8", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0 /8", "::/129", "[::1]",
        "fe80::%eth0/64", "10.0.0.0/٨", "*", "10.0.0.0-10.0.0.9", "any", 7,
    ],
)  # fmt: skip
def test_anything_else_is_no_network(text: object) -> None:
    with pytest.raises(ValidationError, match="expected IP addresses or networks in CIDR notation"):
        CidrListField().clean(text)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "fd00::1/8", "192.168.1.1/24"])
def test_an_address_with_a_prefix_is_ambiguous_and_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="only zeros after its prefix") as caught:
        CidrListField().clean(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [("1.2.3.4/8,bogus", "entry 1: a network has"), ("::1, bogus!", "entry 2 is not valid")],
)
def test_the_first_network_that_is_wrong_is_named_by_its_place(text: str, place: str) -> None:
    with pytest.raises(ValidationError, match=f"; {place}"):
        CidrListField().clean(text)


@pytest.mark.parametrize("host", ["localhost", "hub.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_hosts_are_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "notlocalhost"])  # noqa: S104
def test_other_hosts_are_not_taken_for_loopback(host: str) -> None:
    assert not is_loopback(host)
