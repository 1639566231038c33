"""Write a number into three settings with one change, and find it in several places of each response."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

PLACE = "https://csp.example/"
ORIGINS = ("https://even.example", "https://odd.example")
POLICY = "content-security-policy"


def changes(number: int) -> dict[str, str]:
    """Return the settings that carry ``number``, as text."""
    return {
        "csp_report_uri": f"{PLACE}{number}",
        "enable_hsts": "true" if number % 2 else "false",
        "allowed_origins": ORIGINS[number % 2],
    }


def statement(number: int) -> str:
    """Return a SQL statement that writes these settings."""
    rows = ", ".join(f"('{key}', '{value}')" for key, value in changes(number).items())
    return (
        f"INSERT INTO system_config (config_key, config_value) VALUES {rows} "  # noqa: S608 - ours
        "ON CONFLICT (config_key) DO UPDATE SET config_value = EXCLUDED.config_value, updated_at = now()"
    )


def in_headers(headers: Mapping[str, str]) -> int:
    """Return the number in a response; the request must come by https, from a script of the even origin.

    Three middleware layers set the headers for CSP, HSTS and CORS; all must come from one revision.
    """
    number = in_policy(headers)
    assert ("strict-transport-security" in headers) is (number % 2 == 1), f"HSTS is not that of {number}"
    assert ("access-control-allow-origin" in headers) is (number % 2 == 0), f"CORS is not that of {number}"
    return number


def in_policy(headers: Mapping[str, str]) -> int:
    """Return the number in the policy, which every response has."""
    found = re.search(re.escape(PLACE) + r"(\d+)", headers[POLICY])
    assert found is not None, headers[POLICY]
    return int(found[1])


def in_body(body: bytes) -> int:
    """Return the number in the body of ``/api/config``, which must be the same in every setting."""
    settings: dict[str, Any] = json.loads(body)["settings"]
    number = int(settings["csp_report_uri"]["value"].removeprefix(PLACE))
    assert settings["enable_hsts"]["value"] is (number % 2 == 1)
    assert settings["allowed_origins"]["value"] == [ORIGINS[number % 2]]
    return number
