"""The check that every running process uses the newest revision."""

from __future__ import annotations

from collections.abc import Iterator

from config_app.models import Process
from config_app.presentation.overview import Overview
from config_app.problems import Finding, Problem
from config_app.propagation.progress import remark


def processes(overview: Overview) -> Finding:
    """Check that every process uses the newest revision, has acted on all changes and has no error."""
    problems = (problem for p in overview.processes for problem in _problems(p, overview.revision))
    pins = [_pinned(process) for process in overview.processes if process.pins]
    return Finding("; ".join([str(overview.summary), *pins]), tuple(problems))


def _pinned(process: Process) -> str:
    pins = ", ".join(f"{key} {value}" for key, value in process.pins.items())
    return f"{process} has pinned {pins}"


def _problems(process: Process, revision: int) -> Iterator[Problem]:
    if process.revision < revision:
        fix = "check again in a moment; if the process is still behind, read its log and restart it"
        yield Problem(code="behind", message=remark(process), fix=fix)
    if process.error:
        message = f"{process}: {process.error}"
        fix = "read the log of this process"
        yield Problem(code="process_error", message=message, fix=fix, severity="error")
    if process.pending:
        keys = tuple(process.pending)
        message = f"{process} has not acted yet on {', '.join(keys)}"
        yield Problem(code="pending", message=message, fix="if this lasts, restart the process", keys=keys)
