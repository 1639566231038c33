"""Send each new value to a benchmark as soon as this process uses the value.

The environment variable ``BENCH_REPORTS`` is the UDP port of the benchmark.
"""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """An app whose processes send each new value of ``csp_report_uri`` to a benchmark."""

    name = "bench.project"

    def ready(self) -> None:
        """Register the hook that sends new values."""
        from config_app.api import on_change  # this imports models, so the apps must be ready

        address = ("127.0.0.1", int(os.environ["BENCH_REPORTS"]))

        @on_change("csp_report_uri")
        def _report(_old: Any, new: Any) -> None:
            report = {"pid": os.getpid(), "value": new.csp_report_uri, "at": time.monotonic()}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(json.dumps(report).encode(), address)
