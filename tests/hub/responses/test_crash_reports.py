"""Django's crash reports show no rows of the database, no cookies and no posted data of a request."""

from __future__ import annotations

import dataclasses
import sys
from types import MappingProxyType
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpRequest, QueryDict
from django.views.debug import ExceptionReporter

from hub.models import User

KEY = "wmh75ws60ebryrz1i9ptlsabagf2gm9z"
OTHER = "0th3rpers0nsess10nkeyabcdefghijk"
EMAIL = "owner@example.com"
ROW = Session(session_key=OTHER)
ITSELF: list[Any] = [KEY]
ITSELF.append(ITSELF)


@dataclasses.dataclass
class Holder:
    """Holds a value, and shows it in its ``repr``."""

    held: Any


PRIVATE = [
    ROW,
    [ROW],
    (1, {"row": ROW}),
    {"rows": [{ROW}]},
    frozenset({ROW}),
    User(email=EMAIL),
    KEY,
    ["harmless", KEY],
    {"harmless": KEY},
    f"session {KEY}",
    [[[[[ROW]]]]],
    {"headers": [(b"cookie", f"sessionid={KEY}".encode())]},
    {KEY: 1},
    MappingProxyType({"row": ROW}),
    KeyError(KEY),
    Holder(ROW),
    [Holder(KEY)],
    QueryDict(f"typed={KEY}"),
    {"data": QueryDict(f"typed={KEY}")},
    ITSELF,
]


def variables(value: Any, module: str = "hub.example") -> dict[str, str]:
    """Return what the report shows of the variables of the function that failed."""
    request = HttpRequest()
    request.COOKIES |= {"sessionid": KEY, "theme": "harm"}
    code = "def fail(value):\n    seen = 'by the function'\n    raise RuntimeError\n"
    namespace: dict[str, Any] = {"__name__": module}
    exec(code, namespace)  # noqa: S102 - our text; only so is the function in the module
    try:
        namespace["fail"](value)
    except RuntimeError:
        frames = ExceptionReporter(request, *sys.exc_info()).get_traceback_frames()
        return {name: repr(shown) for name, shown in frames[-1]["vars"]}
    raise AssertionError


@pytest.mark.parametrize("value", PRIVATE, ids=lambda value: type(value).__name__)
def test_a_private_value_is_masked_wherever_it_is(value: Any) -> None:
    shown = variables(value)
    assert not any(secret in shown["value"] for secret in (KEY, OTHER, EMAIL)), shown
    assert "by the function" in shown["seen"]


@pytest.mark.parametrize(
    "value", ["harmless", b"harmless", 8000, ["harmless"], {"port": [(8000, [])]}, None], ids=repr
)
def test_other_values_help_to_find_the_cause(value: Any) -> None:
    assert "*" not in variables(value)["value"]


def test_libraries_show_no_variables() -> None:
    assert "by the function" not in variables(8000, "django.example")["seen"]
