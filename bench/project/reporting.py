"""Processes that tell a benchmark of a change once it is in force; ``BENCH_REPORTS`` is the port."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """Reports values of ``csp_report_uri``."""

    name = "bench.project"

    def ready(self) -> None:
        """Report every change from now on."""
        from config_app.api import on_change  # has models, so not before the applications are ready

        address = ("127.0.0.1", int(os.environ["BENCH_REPORTS"]))

        @on_change("csp_report_uri")
        def _report(_old: Any, new: Any) -> None:
            report = {"pid": os.getpid(), "value": new.csp_report_uri, "at": time.monotonic()}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(json.dumps(report).encode(), address)
