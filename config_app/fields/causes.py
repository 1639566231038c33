"""Why a text is not a host, an origin or an e-mail address. Each function returns a hint, or an empty text.

A hint never repeats the text, except for an international host name in its ASCII form.
"""

from __future__ import annotations

import re

LONGEST_NAME = 253
_JSON = re.compile(r"""\A(?:\[\s*(?:["'].*["'])?\s*\]|\{(?!\{).*\})\Z""", re.DOTALL)
# The standards IDNA 2003, which Python implements, and IDNA 2008 encode these differently.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")
_NO_WILDCARD = "* is not a wildcard here"
_XN_FORM = "an international name works only in its xn-- form"


def is_json(text: str) -> bool:
    """Return whether ``text`` is a list or an object in JSON, or the same in Python's notation."""
    return _JSON.match(text) is not None


def about_international(name: str) -> str:
    """If ``name`` is an international host name, return its ``xn--`` form."""
    if name.isascii() or not any(map(str.isalpha, name)):
        return ""
    form = _ascii_form(name)
    return f"{_XN_FORM}: {form}" if form else _XN_FORM


def _ascii_form(name: str) -> str:
    if len(name) > LONGEST_NAME or not _AMBIGUOUS.isdisjoint(name):
        return ""
    try:
        form = name.encode("idna").decode()
    except UnicodeError:
        return ""
    return form if re.fullmatch(r"[a-z0-9.-]*xn--[a-z0-9.-]+", form) else ""


Hints = tuple[tuple[re.Pattern[str], str], ...]
"""Pairs of a pattern and a hint. The first pattern that matches a part of a text decides."""

_SCHEME = (re.compile("://"), "leave out the scheme, such as https://")
_BAD_IPV4 = "write an IPv4 address as four numbers from 0 to 255, without leading zeros"
_HOSTS: Hints = (
    _SCHEME,
    (re.compile("@"), "leave out the part up to @"),
    (re.compile("/"), "leave out / and the part after it"),
    (re.compile(r"\*"), _NO_WILDCARD),
    (re.compile(","), "name only one host"),
    (re.compile("%"), "leave out % and the zone after it"),
    (re.compile("_"), "a host name has no underscore"),
    (re.compile(r":[0-9]+\Z"), "leave out the port"),
    (re.compile(r"\A(?:[0-9.]+|0x[0-9a-f.]+)\Z", re.IGNORECASE), _BAD_IPV4),
    (re.compile(r"\A\."), "leave out the dot at the start"),
    (re.compile(r"\s"), "a host name has no space"),
)
_NETWORKS: Hints = (
    _SCHEME,
    (re.compile(r"\*"), f"{_NO_WILDCARD}, so write a network such as 10.0.0.0/8"),
    (re.compile(r"\["), "leave out the brackets and the port"),
    (re.compile(r"\A[0-9a-f.:]+\s*-\s*[0-9a-f.:]+\Z", re.IGNORECASE), "write a network instead of a range"),
    (re.compile(r"\A[0-9.]+:[0-9]+\Z"), "leave out the port"),
    (
        re.compile(r"\A[0-9.]+/[0-9]+\.[0-9.]+\Z"),
        "write the length of the prefix, such as /8, instead of a mask",
    ),
    (re.compile(r"\A[0-9./]+\Z"), f"{_BAD_IPV4}, and a prefix up to /32"),
    (re.compile(r"\A[\w.-]+\Z"), "a name can mean another machine tomorrow, so write the address"),
)
_EMAILS: Hints = (
    (re.compile(r"\*"), f"{_NO_WILDCARD}, so name each address"),
    (re.compile("[<>]"), "write only the address, without the name and without < and >"),
    (re.compile(r"\Amailto:", re.IGNORECASE), "leave out mailto:"),
    (re.compile(r"\A[^@]*\Z"), "there is no @"),
    (re.compile(r"[,;]|@\S*\s+\S+@"), "enter only one address"),
    (re.compile(r"\A[^@]*[^\x00-\x7f][^@]*@"), "only ASCII characters can stand before the @"),
    (re.compile(r"@[\w-]*\Z", re.ASCII), "the domain after the @ needs a dot, as in example.com"),
)


def _first(hints: Hints, text: str) -> str:
    return next((hint for pattern, hint in hints if pattern.search(text)), "")


def about_host(text: str) -> str:
    """Say why ``text`` is not a host name or an IP address."""
    return _first(_HOSTS, text) or about_international(text)


def about_network(text: str) -> str:
    """Say why ``text`` is not an IP address or a network in CIDR notation."""
    return _first(_NETWORKS, text)


def about_email(text: str) -> str:
    """Say why ``text`` is not an e-mail address."""
    return _first(_EMAILS, text) or about_international(text.rpartition("@")[2])


def about_origin(text: str, *, needs_scheme: bool = True) -> str:
    """Say why ``text`` is not an http or https origin."""
    if "\\" in text:
        return "write / instead of a backslash"
    scheme, separator, rest = text.partition("://")
    if not separator:
        is_host = re.match(r"[\w.-]+(?::[0-9]+)?(?:/|\Z)", text)
        return "write the scheme too, such as https://" if needs_scheme and is_host else ""
    if scheme.lower() not in {"http", "https"}:
        return "the scheme must be http:// or https://"
    if "*" in rest:
        return f"{_NO_WILDCARD}, so name the host"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return "leave out the user name and the password"
    return _about_authority(authority, rest[len(authority) :])


def _about_authority(authority: str, rest: str) -> str:
    host, colon, port = (authority, "", "") if authority.endswith("]") else authority.rpartition(":")
    if colon and not _is_port(port):
        return "the port must be from 1 to 65535"
    name = host if colon else authority
    if hint := "" if name.startswith("[") else about_host(name):
        return hint
    if "#" in rest:
        return "leave out # and the part after it"
    return "leave out the path" if rest not in ("", "/") else ""


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,4}", text, re.ASCII) is not None and int(text) < 2**16


def about_number(text: str) -> str:
    """Say why ``text`` is not a whole number in its usual notation."""
    if "://" in text:
        return "this is an address, and not a number"
    if not text.isascii():
        return "use the digits 0 to 9"
    if re.fullmatch(r"[+-]?0*[0-9]+", text):
        return "" if re.fullmatch(r"0|-?[1-9][0-9]*", text) else "leave out the plus sign and leading zeros"
    return "write only digits, without separators and units" if re.match(r"[+-]?[0-9]", text) else ""
