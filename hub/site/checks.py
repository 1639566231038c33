"""The deployment checks. They report the findings, and replace Django's checks of static settings."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register

from config_app.errors import ConfigError
from config_app.problems import Problem, runnable
from hub.findings import findings
from hub.runtime_config import get_config

IDS = {
    "no_administrator": "hub.W007",
    "super_admin_without_account": "hub.W008",
    "local_admin_gone": "hub.W009",
    "proxy_ignored": "hub.W010",
    "proxy_hides_https": "hub.W011",
    "proxy_hides_clients": "hub.W012",
    "proxy_unknown": "hub.W013",
}
"""Maps the codes of findings to ids of checks. The code of any other finding is an id already."""


def register_all() -> None:
    """Register the checks of this module."""
    register(check_findings, Tags.security, deploy=True)


def check_findings(**_options: Any) -> list[CheckMessage]:
    """Return a message for each finding about the current configuration."""
    try:
        config = get_config()
    except ConfigError:
        return []  # the install was never started, so it has no configuration yet
    return [_message(problem) for problem in findings(config)]


def _message(problem: Problem) -> CheckMessage:
    kind = Error if problem.severity == "error" else Warning
    return kind(problem.message, hint=runnable(problem.fix), id=IDS.get(problem.code, problem.code))
