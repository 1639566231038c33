"""Run the doctor in this process or in a process of a hub, and return its findings."""

from __future__ import annotations

import json
from typing import Any

from config_app.doctor.examination import examine
from config_app.doctor.finding import Fact
from config_app.testing import reset_process
from tests.support.processes.hub_process import HubProcess

WORKOS_CREDENTIALS = {
    "workos_client_id": "client_01TEST",
    "workos_api_key": "sk_test_canary0001",
    "workos_cookie_password": "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc=",
}


def fact(name: str) -> Fact:
    """Run the doctor now, as a new process would, and return the fact called ``name``."""
    reset_process()
    (found,) = [fact for fact in examine().facts if fact.name == name]
    return found


def findings(name: str) -> tuple[str, list[str]]:
    """Return the status of a fact and the codes of its problems."""
    found = fact(name)
    return found.status, [problem.code for problem in found.problems]


def report_of(hub: HubProcess, **environment: str) -> dict[str, Any]:
    """Return the output of ``config doctor --json``; check that exit status and error line agree with it."""
    done = hub.run("config", "doctor", "--json", **environment)
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if report["healthy"] else 1)
    assert len(done.stderr.splitlines()) == done.returncode, done.stderr
    return report


def facts_of(hub: HubProcess, **environment: str) -> dict[str, dict[str, Any]]:
    """Return the facts of ``config doctor --json`` by name."""
    return {fact["name"]: fact for fact in report_of(hub, **environment)["facts"]}


def line_of(found: dict[str, Any]) -> str:
    """Return status, message and fix of a fact's only problem as one line."""
    (problem,) = found["problems"]
    return f"{found['status']}: {problem['message']}; {problem['fix']}"
