"""Live tests of what was entered, once the setup token was accepted (S8)."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from config_app.errors import ConfigError
from config_app.project import get_schema
from setup_wizard.forms import StepForm
from setup_wizard.steps import CheckResult, Probe

ALTERNATIVES = 20
"""How many ports after the wanted one are tried for a suggestion."""
FIRST_UNPRIVILEGED = 1024


def run(probe: Probe, form: StepForm, request: HttpRequest) -> CheckResult:
    """Run ``probe`` with what was entered into ``form``; a value that is not valid is said instead."""
    form.full_clean()
    for key in probe.keys:
        if key in form.errors:
            return CheckResult(ok=False, message=f"{form.fields[key].label}: {form.errors[key][0]}")
    values = {key: form.cleaned_data[key] for key in probe.keys}
    try:
        return probe.run(values, request) if _complete(values, form) else _enter_again(values)
    except ConfigError as error:
        return CheckResult(ok=False, message=str(error))


def _complete(values: dict[str, Any], form: StepForm) -> bool:
    """Fill in blank secrets with the stored ones, unless anything else changed since (W1)."""
    blank = [key for key, value in values.items() if value is None and get_schema()[key].is_secret]
    others = [key for key in values if not get_schema()[key].is_secret]
    if blank and any(values[key] != form.answers.stored(key) for key in others):
        return False
    values |= {key: form.answers.stored(key) for key in blank}
    return all(values[key] is not None for key in blank)


def _enter_again(values: Mapping[str, Any]) -> CheckResult:
    labels = [get_schema()[key].label for key in values if get_schema()[key].is_secret]
    return CheckResult(ok=False, message=f"Enter the {' and '.join(labels)} to test these values.")


def probe_listener(address: str, port: int, own_port: int | None) -> CheckResult:
    """Try to listen on an address and port of this machine; ``own_port`` is the one this server has."""
    if (reason := _refusal(address, 0)) is not None:
        return CheckResult(ok=False, message=_explain_address(address, reason))
    if port == own_port:
        return CheckResult(ok=True, message=f"This hub listens on port {port} now.")
    if (reason := _refusal(address, port)) is None:
        return CheckResult(ok=True, message=f"Port {port} is free on {address}.")
    return CheckResult(ok=False, message=f"{_explain_port(port, reason)} {_suggest(address, port)}".strip())


def _refusal(address: str, port: int) -> OSError | None:
    """Return what keeps this machine from listening there, or ``None``."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _name, place = found[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
    except OSError as error:
        return error
    return None


def _explain_address(address: str, reason: OSError) -> str:
    if isinstance(reason, socket.gaierror):
        return f"{address} is no name that this machine knows."
    return f"{address} is no address of this machine. 127.0.0.1 and 0.0.0.0 always work."


def _explain_port(port: int, reason: OSError) -> str:
    if reason.errno == errno.EADDRINUSE:
        return f"Another program listens on port {port}."
    if reason.errno in {errno.EACCES, errno.EPERM}:
        return f"This hub's user may not listen on port {port}."
    return f"Port {port} cannot be used: {reason.strerror}."


def _suggest(address: str, port: int) -> str:
    first = max(port + 1, FIRST_UNPRIVILEGED)
    for candidate in range(first, min(first + ALTERNATIVES, 65536)):
        if _refusal(address, candidate) is None:
            return f"Port {candidate} is free."
    return ""
