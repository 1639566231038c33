"""Every address of the hub, from its URL patterns, with examples for the variable parts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

EXAMPLES: dict[str, tuple[str, ...]] = {
    "name": ("mode", "account", "credentials", "network", "security", "listener", "workos", "banana"),
    "number": ("1", "3", "999"),
    "id": ("2", "1", "999"),
    "object_id": ("1", "2", "banana"),
    "content_type_id": ("1",),
    "app_label": ("config_app", "hub", "auth"),
    "url": ("banana", "banana/"),
}
"""Values for the variable parts of addresses. A new variable part needs an entry here."""
_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")


def addresses() -> list[str]:
    """Return an address for each URL pattern, and for each combination of examples."""
    return [address for pattern in _examples() for address in pattern]


def one_of_each() -> list[str]:
    """Return one address for each URL pattern."""
    return [next(pattern) for pattern in _examples()]


def _examples() -> Iterator[Iterator[str]]:
    """Yield the addresses of each URL pattern."""
    for template, names in _templates(get_resolver().url_patterns, "/"):
        yield _filled(template, names)


def _templates(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, list[str]]]:
    for found in patterns:
        template = before + _as_template(found.pattern)
        if isinstance(found, URLResolver):
            yield from _templates(found.url_patterns, template)
        else:
            yield template, re.findall(r"{(\w+)}", template)


def _as_template(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return _PART.sub(r"{\1}", str(pattern))
    return _GROUP.sub(r"{\1}", str(pattern).removeprefix("^").removesuffix("$"))


def _filled(template: str, names: list[str]) -> Iterator[str]:
    for values in itertools.product(*(EXAMPLES[name] for name in names)):
        yield template.format(**dict(zip(names, values, strict=True)))
